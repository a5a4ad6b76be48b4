// A promise is worth its test: what a page calls a test exists.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, it } from "node:test";
import { root } from "../backend.mjs";
import { isTest, named, tests } from "./names.mjs";

/** The rows of a page's tables under headings that match. */
function* rows(path, heading = /./) {
  let current = "";
  for (const line of readFileSync(join(root, path), "utf8").split("\n")) {
    current = line.match(/^#+ (.*)/)?.[1] ?? current;
    if (heading.test(current) && line.startsWith("| ") && !/^\| (promise|test|fault) \|/.test(line)) yield line.slice(1, -1).split(" | ");
  }
}

describe("a test that a page names", () => {
  it("is looked for among tests that are there", () => {
    assert.ok(tests.length > 300, `${tests.length} tests were found`);
    assert.equal(isTest("fifty_tabs_…"), true);
    assert.equal(isTest("`nobody_tests_this`"), false);
    assert.equal(isTest("10 tabs with 20 calls each …"), true);
    assert.equal(isTest("10 tabs with 21 calls each …"), false);
  });

  for (const [page, heading, column] of [
    ["README.md", /^What it promises/, 1],
    ["docs/guarantees.md", /./, 0],
    ["docs/faults.md", /./, 3],
  ]) {
    it(`exists, for each row of ${page}`, () => {
      const missing = [];
      let count = 0;
      for (const row of rows(page, heading)) {
        for (const name of named(row[column] ?? "")) {
          count++;
          if (!isTest(name)) missing.push(name);
        }
        // Where a row links to one file beside the name, that file has it.
        const files = [...(row[1] ?? "").matchAll(/\]\(([^)#]+\.(?:rs|mjs))\)/g)].map(([, url]) => posix.join(dirname(page), url));
        for (const file of files) assert.ok(existsSync(join(root, file)), `${page} links to ${file}`);
        if (page !== "docs/guarantees.md") continue;
        const among = tests.filter((test) => files.includes(test.file));
        const strays = files.length > 0 ? named(row[0]).filter((name) => !isTest(name, among)) : [];
        assert.deepEqual(strays, [], `not in ${files}`);
      }
      assert.ok(count > 20, `${count} names were found in ${page}`);
      assert.deepEqual(missing, []);
    });
  }
});
