/** Waits that a caller may give up. In the browser that is `abortable` (`queue.ts`), where nobody counts listeners. */

/** Who waits, by the caller's signal: many calls may share one, and Node warns of more than ten listeners. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();
const stopAll = ({ target }: Event): void => waiting.get(target as AbortSignal)?.forEach((stop) => stop());

/** Waits for something that others may need too: the caller may give up, and it goes on. */
export async function unlessAborted(signal: AbortSignal | null | undefined, wait: () => Promise<unknown>): Promise<void> {
  if (!signal) return void (await wait());
  signal.throwIfAborted();
  const stops = waiting.get(signal) ?? new Set();
  waiting.set(signal, stops);
  signal.addEventListener("abort", stopAll);
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => stops.add((stop = () => reject(signal.reason as Error))));
  await Promise.race([wait(), stopped]).finally(() => {
    stops.delete(stop);
    if (!stops.size) signal.removeEventListener("abort", stopAll);
  });
}
