/** Time as places on a line: the present stands still, and everything else moves to the left. */

/** How much of the line is the past. */
const PAST = 0.7;
/** How long a line can be, in seconds. */
const SPANS = [60, 180, 600, 1800, 3600, 14_400, 43_200] as const;
/** How far apart ticks can be, in seconds. */
const STEPS = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400] as const;

export interface Scale {
  readonly now: number;
  /** What is seen of the past, in milliseconds. */
  readonly pastMs: number;
  readonly from: number;
  readonly to: number;
  x(at: number): number;
}

/** The span by its number, in milliseconds. */
export const spanMs = (index: number): number => SPANS[clamp(index)]! * 1000;

/** The number that is nearest to this one. */
export const clamp = (index: number): number => Math.min(Math.max(index, 0), SPANS.length - 1);

/** The shortest span in which a token's life can be seen whole. Without one: three minutes. */
export function fitting(lifeMs: number | null): number {
  if (lifeMs === null) return 1;
  const index = SPANS.findIndex((seconds) => seconds * 1000 * (1 - PAST) * 1.15 >= lifeMs);
  return index < 0 ? SPANS.length - 1 : index;
}

export function scaleOf(now: number, index: number, left: number, right: number): Scale {
  const whole = spanMs(index);
  const pastMs = whole * PAST;
  const perMs = (right - left) / whole;
  return { now, pastMs, from: now - pastMs, to: now + whole - pastMs, x: (at) => left + (at - now + pastMs) * perMs };
}

/** Moments to name under the line, from the present on in both directions, in milliseconds from now. */
export function ticks(scale: Scale, width: number): number[] {
  const most = Math.max(2, Math.floor(width / 84));
  const whole = scale.to - scale.from;
  const step = (STEPS.find((seconds) => whole / (seconds * 1000) <= most) ?? STEPS.at(-1)!) * 1000;
  const made: number[] = [];
  for (let at = -Math.floor(scale.pastMs / step) * step; at <= scale.to - scale.now; at += step) made.push(at);
  return made;
}

/** `−2 min`, `now`, `+30 s`. */
export function tickName(ms: number): string {
  if (ms === 0) return "now";
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? "−" : "+";
  if (seconds < 60) return `${sign}${seconds} s`;
  if (seconds < 3600) return `${sign}${Number((seconds / 60).toFixed(1))} min`;
  return `${sign}${Number((seconds / 3600).toFixed(1))} h`;
}
