/** What the core tells in numbers, in words. */
import { PROBLEMS } from "../generated/contract.js";
import { RelatchError } from "./errors.js";
import type { SessionState } from "./types.js";

/** The operations, in the order of the core's numbers (`Operation` in `src/core/event.rs`). */
export const OPERATIONS = ["refresh", "session", "signIn", "exchange", "signOut"] as const;

/** What stands where there is no number (`NONE` in `src/core/record.rs`). */
export const NONE = 2 ** 32 - 1;

/** A number of the recorder's. */
export const recorded = (number = NONE): number | null => (number < NONE ? number : null);

/** A problem: its number, whether it is temporary, a status, and how long the server asked to wait (`src/web/outward.rs`). */
export type Problem = readonly [number: number, temporary: number, status: number, retryAfterMs: number];

/** What is not there is less than zero. */
const some = (number: number): number | undefined => (number < 0 ? undefined : number);

/** The error of a problem. Who was refused hears what the server says to it. */
export function errorOf([number, temporary, status, wait]: Problem, answer?: unknown): RelatchError {
  const code = PROBLEMS[number]!;
  const details = { temporary: temporary > 0, status: some(status), retryAfterMs: some(wait) };
  return new RelatchError(code, { ...details, answer: code === "BadCredentials" ? answer : undefined });
}

const STATUSES = ["loading", "authenticated", "unauthenticated"] as const;
const FRESHNESS = ["fresh", "stale", "offline"] as const;
const REASONS = [null, "expired", "signedOut"] as const;

/** A state, but for its data and its error. */
export const stateOf = (bits: number): Pick<SessionState, "status" | "freshness" | "reason" | "refreshing"> => ({
  status: STATUSES[bits & 3]!,
  freshness: FRESHNESS[(bits >> 2) & 3]!,
  reason: REASONS[(bits >> 4) & 3]!,
  refreshing: (bits & 64) > 0,
});

/** Whether it has come about by another tab's token. */
export const isGiven = (bits: number): boolean => bits > 127;
