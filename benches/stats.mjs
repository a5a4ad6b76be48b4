// Medians and quartiles of what was measured.

/** The median and the quartiles (linear between neighbours) of some numbers; nothing of none. */
export function summary(numbers) {
  const sorted = numbers.filter((number) => number !== null && number !== undefined).sort((one, other) => one - other);
  if (sorted.length === 0) return null;
  const at = (share) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), count: sorted.length };
}

/** Collects numbers by peer and by what they are, and sums them up. */
export class Samples {
  #rows = new Map();

  add(peer, values) {
    if (!this.#rows.has(peer.name)) this.#rows.set(peer.name, {});
    const row = this.#rows.get(peer.name);
    for (const [name, value] of Object.entries(values)) (row[name] ??= []).push(value);
  }

  /** `{ peer: { name: { median, low, high, count } } }` */
  summarize() {
    const summarized = (row) => Object.fromEntries(Object.entries(row).map(([name, numbers]) => [name, summary(numbers)]));
    return Object.fromEntries([...this.#rows].map(([peer, row]) => [peer, summarized(row)]));
  }
}
