// What the benches make of numbers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ratios } from "../../benches/ratios.mjs";
import { Samples, summary } from "../../benches/stats.mjs";

describe("what the benches make of numbers", () => {
  it("is a median with its quartiles, in whatever order they came", () => {
    assert.deepEqual(summary([4, 1, 3, 2, 5]), { median: 3, low: 2, high: 4, count: 5 });
    assert.deepEqual(summary([1, 2]), { median: 1.5, low: 1.25, high: 1.75, count: 2 });
  });

  it("is nothing for what a peer cannot do", () => {
    assert.equal(summary([null, null]), null);
    const samples = new Samples();
    samples.add({ name: "ky" }, { request: null });
    assert.deepEqual(samples.summarize(), { ky: { request: null } });
  });

  it("says of a bound whether it is met", () => {
    const size = { relatch: { total: 28_001, javascript: 5_000, react: 1_500 } };
    assert.deepEqual(ratios({ size, peers: {} }).map(({ isMet }) => isMet), [false, true, true]);
  });
});
