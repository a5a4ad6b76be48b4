/** Marks below a bar: which of them are drawn as one, and how that is said. */
import type { Mark, MarkKind } from "./devtools-trace.js";
import type { Scale } from "./devtools-scale.js";
import type { Tone } from "./devtools-words.js";

/** Marks that would lie on each other. The first form stands at the time of the first. */
export interface Cluster {
  readonly at: number;
  readonly x: number;
  readonly marks: Mark[];
}

/** From the middle of one form to that of the next, in pixels. */
export const STEP = 13;
const DIGIT = 7;

/** Around 0 0. Each kind has a form of its own, for those who do not tell the colours apart. */
export const SHAPES = {
  refused: "M0 -5L5.5 4.5H-5.5Z",
  waited: "M-3.5 0A3.5 3.5 0 1 0 3.5 0A3.5 3.5 0 1 0 -3.5 0",
  retried: "M3.6 -2.6A4.5 4.5 0 1 0 4.5 .8M4.2 -5.4V-2.2H1",
  failed: "M-4 -4L4 4M4 -4L-4 4",
  lock: "M0 -5L5 0L0 5L-5 0Z",
  ended: "M-5 -5H5V5H-5Z",
} as const satisfies Partial<Record<MarkKind, string>>;

type Drawn = "refused" | "waited" | "retried" | "failed" | "lock";

/** In the order in which they happen to a call, and what many of them are called. */
const KINDS: readonly (readonly [Drawn, string])[] = [
  ["refused", "calls refused"],
  ["waited", "calls that waited for a token"],
  ["retried", "calls sent again"],
  ["failed", "calls failed"],
  ["lock", "changes of the lock's holder"],
];

const of = ({ marks }: Cluster, kind: MarkKind): Mark[] => marks.filter((mark) => mark.kind === kind);

/** Which forms are drawn. That a refused call waits goes without saying. */
export function forms(cluster: Cluster): Drawn[] {
  const kinds = KINDS.map(([kind]) => kind).filter((kind) => of(cluster, kind).length > 0);
  return kinds.filter((kind) => kind !== "waited" || !kinds.includes("refused"));
}

/** How many calls it is about. */
export const countOf = (cluster: Cluster): number => Math.max(...forms(cluster).map((kind) => of(cluster, kind).length));

export function textOf(cluster: Cluster): string {
  if (cluster.marks.length === 1) return cluster.marks[0]!.text;
  const parts = KINDS.map(([kind, many]) => [of(cluster, kind), many] as const).filter(([marks]) => marks.length > 0);
  return parts.map(([marks, many]) => (marks.length === 1 ? marks[0]!.text : `${marks.length} ${many}`)).join(", ");
}

/** The worst of them. */
export function toneOf({ marks }: Cluster): Tone {
  const tones: readonly Tone[] = ["bad", "warn", "good"];
  return tones.find((tone) => marks.some((mark) => mark.tone === tone)) ?? "plain";
}

/** Puts marks together, oldest first, until none lies on another. */
export function cluster(marks: readonly Mark[], scale: Scale): Cluster[] {
  const clusters: Cluster[] = [];
  for (const mark of marks) {
    if (mark.at < scale.from || !KINDS.some(([kind]) => kind === mark.kind)) continue;
    const x = scale.x(mark.at);
    const last = clusters.at(-1);
    if (last && x - STEP / 2 < last.x - STEP / 2 + widthOf(last) + 2) last.marks.push(mark);
    else clusters.push({ at: mark.at, x, marks: [mark] });
  }
  return clusters;
}

function widthOf(made: Cluster): number {
  const count = countOf(made);
  return forms(made).length * STEP + (count > 1 ? 2 + DIGIT * String(count).length : 0);
}
