// Links in the project's own pages, as they stand in the repository: to a file that is there, and to a heading in it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { describe, it } from "node:test";
import { unlisted } from "../../guide/contents.mjs";
import { brokenLinks } from "../../guide/links.mjs";
import { slug } from "../../guide/slug.mjs";
import { root } from "../backend.mjs";

const list = (folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => posix.join(folder, file));
const ours = (file) => file.endsWith(".md") && !/node_modules|\/(work|target|dist)\//.test(file);
const pages = [...readdirSync(root).filter((file) => file.endsWith(".md")), ...["docs", "examples", "benches"].flatMap(list).filter(ours)];

/** A page without its blocks, in which a link is none. */
const prose = (path) => readFileSync(join(root, path), "utf8").replace(/^\s*(`{3,})[\s\S]*?^\s*\1/gm, "");

const anchors = (path) => new Set([...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading.replace(/\]\([^)]*\)/g, "]"))));

describe("a link", () => {
  for (const page of pages) {
    it(`of ${page} leads to what is there`, () => {
      const broken = [];
      for (const [, url] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/i.test(url)) continue;
        const [path, hash] = url.split("#");
        const file = path === "" ? page : posix.normalize(posix.join(dirname(page), path));
        const isThere = existsSync(join(root, file)) && (!hash || !file.endsWith(".md") || anchors(file).has(decodeURIComponent(hash)));
        if (!isThere) broken.push(url);
      }
      assert.deepEqual(broken, []);
    });
  }

  it("of the README leads into the guide", () => {
    for (const page of ["how-it-works", "guarantees", "security", "start/react", "troubleshooting"].filter((page) => existsSync(join(root, `docs/${page}.md`)))) {
      assert.ok(prose("README.md").includes(`](docs/${page}.md`), page);
    }
  });
});

describe("the guide", () => {
  it("names each page of docs/", () => assert.deepEqual(unlisted(), []));

  it("is found to be broken where it is", () => {
    const site = mkdtempSync(join(tmpdir(), "relatch-site-"));
    try {
      mkdirSync(join(site, "a"));
      writeFileSync(join(site, "index.html"), '<h1 id="here"></h1><a href="#here"></a><a href="#gone"></a><a href="/a/"></a><a class="x" href="./b.html"></a>');
      writeFileSync(join(site, "a/index.html"), '<a href="../index.html#here"></a><a href="/index.html#gone"></a><a href="https://example.com"></a>');
      assert.deepEqual(brokenLinks(site).broken.sort(), ["a/index.html: /index.html#gone", "index.html: #gone", "index.html: ./b.html"]);
    } finally {
      rmSync(site, { recursive: true });
    }
  });
});
