/** How the panel looks. A constructed sheet: `style-src 'self'` has nothing to say about it. */

const CSS = `
:host {
  color-scheme: light dark;
  --surface: light-dark(#ffffff, #15181b);
  --raised: light-dark(#f5f6f6, #1d2125);
  --line: light-dark(#e3e6e8, #2b3136);
  --edge: light-dark(#c3c8cc, #444c53);
  --text: light-dark(#171b1f, #e9ecee);
  --muted: light-dark(#596169, #9ea7ae);
  --good: light-dark(#0b766b, #4fcfbf);
  --on-good: light-dark(#ffffff, #06231f);
  --good-wash: light-dark(#dff1ee, #17352f);
  --warn: light-dark(#8f5200, #f2b45c);
  --warn-fill: light-dark(#c47a0a, #f2b45c);
  --warn-wash: light-dark(#fdf0dc, #3a2b14);
  --bad: light-dark(#b3261e, #ff8a80);
  --bad-wash: light-dark(#fce8e6, #3d1f1d);
  position: fixed;
  inset: auto 0 0 0;
  z-index: 2147483000;
  display: block;
  pointer-events: none;
  color: var(--text);
  font: 400 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums;
  text-align: start;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, dl, dd, table { margin: 0; padding: 0; }
button { font: inherit; color: inherit; cursor: pointer; }
:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }

/* Collapsed */

.pill {
  pointer-events: auto;
  position: absolute;
  right: calc(16px + env(safe-area-inset-right));
  bottom: calc(16px + env(safe-area-inset-bottom));
  display: flex;
  align-items: center;
  gap: 10px;
  min-height: 44px;
  padding: 0 18px 0 12px;
  border: 1px solid var(--line);
  border-radius: 22px;
  background: var(--surface);
  box-shadow: 0 1px 2px rgb(0 0 0 / 10%), 0 6px 24px rgb(0 0 0 / 14%);
  font-weight: 550;
  white-space: nowrap;
}
.pill:hover { border-color: var(--edge); }
.pill .rest { color: var(--muted); font-weight: 400; }

.ring { flex: none; transform: rotate(-90deg); fill: none; stroke-width: 5; }
.ring circle { stroke: var(--line); }
.ring .life { stroke: var(--good); stroke-linecap: round; stroke-dasharray: 100; stroke-dashoffset: 100; }
.ring .due { stroke: var(--text); stroke-width: 2; }
.warn .ring .life { stroke: var(--warn-fill); }
.bad .ring .life { stroke: var(--bad); }
.core { stroke: none; fill: var(--muted); }
.good .core { fill: var(--good); }
.warn .core { fill: var(--warn-fill); }
.bad .core { fill: var(--bad); }

/* Open */

.panel {
  pointer-events: auto;
  container: panel / inline-size;
  position: relative;
  border-top: 1px solid var(--line);
  background: var(--surface);
  box-shadow: 0 -1px 2px rgb(0 0 0 / 4%), 0 -4px 24px rgb(0 0 0 / 8%);
  padding-bottom: env(safe-area-inset-bottom);
}
.inner { display: grid; grid-template: "head" auto "facts" auto "views" auto / minmax(0, 1fr); max-height: min(78vh, 640px); overflow-y: auto; overscroll-behavior: contain; }

.head { grid-area: head; position: relative; display: flex; flex-wrap: wrap; align-items: center; gap: 10px 16px; padding: 10px 12px 10px 16px; border-bottom: 1px solid var(--line); }
.title { flex: 1 1 260px; min-width: 0; display: flex; align-items: baseline; flex-wrap: wrap; gap: 0 10px; }
.title h2 { position: relative; padding-left: 18px; font-size: 15px; font-weight: 650; letter-spacing: -0.01em; white-space: nowrap; }
.title h2::before { content: ""; position: absolute; left: 0; top: 6px; width: 10px; height: 10px; border-radius: 50%; background: var(--muted); }
.title.good h2::before { background: var(--good); }
.title.warn h2::before { background: var(--warn-fill); }
.title.bad h2::before { background: var(--bad); }
.title p { min-width: 0; color: var(--muted); text-wrap: pretty; }
.actions { display: flex; flex-wrap: wrap; gap: 6px; }
.action { display: inline-flex; align-items: center; justify-content: center; gap: 7px; min-height: 32px; padding: 0 11px; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); font-weight: 500; white-space: nowrap; }
.action:hover { border-color: var(--edge); background: var(--raised); }
.action[aria-disabled="true"] { color: var(--muted); cursor: not-allowed; }
.action[aria-disabled="true"]:hover { border-color: var(--line); background: var(--surface); }
.action[aria-pressed="true"] { border-color: var(--warn); background: var(--warn-wash); color: var(--warn); }
.action.bare { width: 32px; padding: 0; border-color: transparent; }
.close { position: absolute; right: 12px; top: 10px; }

.facts { grid-area: facts; display: flex; align-items: center; gap: 18px; padding: 12px 16px; border-bottom: 1px solid var(--line); }
.gauge { position: relative; flex: none; display: grid; place-items: center; width: 76px; height: 76px; }
.gauge .ring { position: absolute; inset: 0; width: 100%; height: 100%; }
.gauge p { position: relative; display: grid; justify-items: center; line-height: 1.1; }
.gauge b { font-size: 19px; font-weight: 680; letter-spacing: -0.03em; }
.gauge span { color: var(--muted); font-size: 11px; }
.gauge i { display: none; font-style: normal; }
.facts dl { flex: 1; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 6px 18px; }
.facts dl div { display: grid; }
.facts dt { color: var(--muted); font-size: 12px; white-space: nowrap; }
.facts dd { font-weight: 550; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }

.views { grid-area: views; min-width: 0; display: grid; grid-template: "bar" auto "view" minmax(0, 1fr) / minmax(0, 1fr); }
.bar { grid-area: bar; display: flex; align-items: center; gap: 8px; padding: 6px 10px 0 8px; }
.tabs { display: flex; margin-right: auto; }
.tabs button { position: relative; min-height: 36px; padding: 0 9px; border: 0; background: none; color: var(--muted); font-weight: 550; white-space: nowrap; }
.tabs button:hover { color: var(--text); }
.tabs [aria-selected="true"] { color: var(--text); }
.tabs [aria-selected="true"]::after { content: ""; position: absolute; inset: auto 9px 2px; height: 2px; border-radius: 1px; background: var(--good); }
.tabs button:focus-visible { outline-offset: -2px; border-radius: 8px; }
.zoom { display: flex; align-items: center; color: var(--muted); font-size: 12px; }
.zoom output { min-width: 52px; text-align: center; }
.view { grid-area: view; min-width: 0; min-height: 0; }
.view:focus-visible { outline-offset: -2px; }
.calls > h3 { display: none; }

/* Time line */

.timeline { display: flex; flex-direction: column; }
.stage { min-height: 120px; overflow-y: auto; overflow-x: hidden; }
.stage:focus-visible { outline-offset: -3px; border-radius: 8px; }
.plot { cursor: crosshair; }
.chart { display: block; overflow: hidden; }
.grid line { stroke: var(--line); stroke-dasharray: 2 4; }
.grid .floor { stroke-dasharray: none; }
.solid { stop-color: var(--surface); }
.clear { stop-color: var(--surface); stop-opacity: 0; }
.cover { fill: var(--surface); }
.labels text { fill: var(--muted); font-size: 11px; }
.labels .name { fill: var(--text); font-size: 13px; font-weight: 600; }
.labels .name, .labels .state { paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
.labels .now { fill: var(--text); font-weight: 600; }
.labels .silent { opacity: 0.55; }
.dot { fill: var(--muted); }
.dot.good { fill: var(--good); }
.dot.warn { fill: var(--warn-fill); }
.dot.bad { fill: var(--bad); }
.base { stroke: var(--edge); stroke-dasharray: 1 5; stroke-linecap: round; stroke-width: 1.5; }
.lived { fill: var(--good); }
.lived.adopted { fill: var(--good-wash); stroke: var(--good); }
.hatch { fill: var(--good); opacity: 0.28; }
.left { fill: var(--good-wash); stroke: var(--good); }
.bars .silent { opacity: 0.45; }
.generation { fill: var(--on-good); font-size: 11px; font-weight: 650; }
.generation.adopted { fill: var(--text); }
line.due { stroke: var(--text); stroke-width: 1.5; }
circle.due { fill: var(--text); }
.doubt { fill: var(--warn-fill); opacity: 0.3; }
.wait { stroke: var(--edge); stroke-width: 2; stroke-linecap: round; }
.request { fill: var(--muted); }
.request.good { fill: var(--good); }
.request.warn { fill: var(--warn-fill); }
.request.bad { fill: var(--bad); }
.request.pending { fill: var(--surface); stroke: var(--good); stroke-width: 1.5; }
.mark { fill: none; stroke: var(--muted); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.mark.refused { fill: var(--warn-fill); stroke: var(--warn-fill); stroke-width: 1; }
.mark.retried { stroke: var(--good); }
.mark.failed { stroke: var(--bad); stroke-width: 2.5; }
.mark.lock { fill: var(--warn-fill); stroke: none; }
.mark.ended { fill: var(--text); stroke: var(--surface); stroke-width: 1.5; }
.mark.ended.bad { fill: var(--bad); }
.count { fill: var(--text); font-size: 11px; font-weight: 600; paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
line.link { stroke: var(--good); stroke-width: 1.5; }
circle.link { fill: var(--surface); stroke: var(--good); stroke-width: 1.5; }
path.link { fill: var(--good); stroke: none; }
.present line { stroke: var(--text); stroke-width: 1; }
.chosen circle { fill: none; stroke: var(--text); stroke-width: 2; }
.under { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; min-height: 30px; padding: 5px 16px 9px; color: var(--muted); font-size: 12px; }
.under.told { color: var(--text); }
.under b { font-weight: 600; }
.key { display: inline-flex; align-items: center; gap: 6px; }
.key svg { overflow: visible; }

/* Tables */

.scroll { height: 100%; max-height: 300px; overflow: auto; overscroll-behavior: contain; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; }
caption { text-align: start; }
th, td { padding: 5px 8px; text-align: start; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 16px; }
th:last-child, td:last-child { padding-right: 16px; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--surface); color: var(--muted); font-size: 11.5px; font-weight: 500; white-space: nowrap; }
.fit { width: 1px; white-space: nowrap; }
td.fit { color: var(--muted); }
.number { text-align: end; }
td.warn { color: var(--warn); }
td.bad { color: var(--bad); }
.path { overflow-wrap: anywhere; font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.path b { font-weight: 600; }
.path span { color: var(--muted); white-space: nowrap; }
.codes { display: inline-flex; gap: 4px; align-items: center; }
.code { padding: 0 5px; border-radius: 5px; background: var(--raised); color: var(--text); font-weight: 600; font-size: 11.5px; line-height: 18px; }
.code.good { background: var(--good-wash); color: var(--good); }
.code.warn { background: var(--warn-wash); color: var(--warn); }
.code.bad { background: var(--bad-wash); color: var(--bad); }
.empty { padding: 18px 16px; color: var(--muted); max-width: 44ch; text-wrap: pretty; }

.copy { position: fixed; inset: 0; margin: auto; width: min(560px, calc(100vw - 32px)); height: fit-content; padding: 16px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); color: var(--text); }
.copy textarea { display: block; width: 100%; height: 220px; margin: 10px 0; padding: 8px; border: 1px solid var(--edge); border-radius: 8px; background: var(--raised); color: inherit; font: 12px/1.5 ui-monospace, monospace; }

/* A sheet */

@container panel (width < 640px) {
  .inner { max-height: 82vh; }
  .head { padding-top: 12px; }
  .title { padding-right: 44px; flex-basis: 100%; }
  .actions { width: 100%; display: grid; grid-template-columns: repeat(6, 1fr); }
  .action { min-height: 44px; grid-column: span 2; padding: 0 6px; }
  .action.wide { grid-column: span 3; }
  .close { right: 8px; top: 4px; width: 44px; }
  .tabs button { min-height: 44px; }
  .zoom .action { width: 40px; }
  .zoom output { min-width: 44px; }
}
@media (max-width: 639px) {
  .panel { border: 1px solid var(--line); border-bottom: 0; border-radius: 18px 18px 0 0; overflow: hidden; }
}

/* A dock */

@container panel (width >= 640px) {
  .head { flex-wrap: nowrap; padding-right: 56px; }
  .actions { flex-wrap: nowrap; }
  .facts dl { grid-template-columns: repeat(4, auto); }
}
@container panel (640px <= width < 1000px) {
  .head { flex-wrap: wrap; }
  .title { flex-basis: 100%; }
}
@container panel (width >= 1000px) {
  .inner { grid-template: "head head" auto "facts views" minmax(0, 1fr) / 224px minmax(0, 1fr); height: 364px; overflow: hidden; }
  .facts { flex-direction: column; align-items: stretch; gap: 14px; padding: 16px; border: 0; border-right: 1px solid var(--line); overflow-y: auto; }
  .gauge { width: 112px; height: 112px; margin: 0 auto; }
  .gauge b { font-size: 27px; }
  .gauge i { display: inline; }
  .facts dl { flex: none; grid-template-columns: minmax(0, 1fr); gap: 5px; }
  .facts dl div { display: flex; justify-content: space-between; gap: 8px; }
  .facts dt { font-size: 13px; }
  .views { grid-template: "bar callbar" auto "view calls" minmax(0, 1fr) / minmax(0, 1fr) minmax(340px, 32%); }
  .calls { grid-area: 1 / 2 / 3 / 3; display: flex; flex-direction: column; border-left: 1px solid var(--line); }
  .calls > h3 { display: block; padding: 14px 16px 8px; font-size: 13px; font-weight: 550; }
  .calls .scroll { flex: 1; min-height: 0; }
  .tabs .narrow { display: none; }
  .timeline { height: 100%; }
  .stage { flex: 1; min-height: 0; }
  .scroll { max-height: none; }
}

@media (pointer: coarse) { .action { min-height: 44px; } .action.bare { width: 44px; } .tabs button { min-height: 44px; } }
@media (prefers-reduced-motion: no-preference) {
  .ring .life { transition: stroke-dashoffset 0.25s linear; }
  .panel { animation: rise 0.18s ease-out; }
  @keyframes rise { from { transform: translateY(16px); opacity: 0; } }
}
@media (forced-colors: active) {
  .lived, .request.good { fill: CanvasText; }
  .pill, .panel, .action { border-color: CanvasText; }
}
`;

let sheet: CSSStyleSheet | undefined;

/** The sheet, made once a page. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
