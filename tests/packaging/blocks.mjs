// The code blocks of a page in Markdown: what a reader pastes is what a test runs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../backend.mjs";

/** Pages whose blocks are taken by `tests/guide/blocks.test.mjs`; those of all others by `readme.test.mjs`. */
const GUIDE = /^(start|migration|ko)\/|^(how-it-works|guarantees|security)\.md$/;

/** What is not pasted anywhere. */
const PROSE = /^(text|http)$/;

/** Every page of `docs/` whose blocks one of the two tests takes, by its path in there. */
export function pagesOf(test) {
  const files = readdirSync(join(root, "docs"), { recursive: true }).filter((file) => file.endsWith(".md"));
  const own = files.filter((file) => GUIDE.test(file) === (test === "guide"));
  return Object.fromEntries(own.map((file) => [file, new Page(`docs/${file}`)]));
}

/** The blocks of one page, each of which is to be taken once. What stands in brackets behind a block's language is its tab's name. */
export class Page {
  #path;
  #blocks;

  /** Reads a page by its path in the project. */
  constructor(path) {
    this.#path = path;
    this.#blocks = [...read(readFileSync(join(root, path), "utf8"))];
  }

  /** Takes the next block under a heading in a language. */
  take(heading, language) {
    const at = this.#blocks.findIndex((block) => block.heading === heading && block.language === language);
    if (at < 0) throw new Error(`${this.#path} has no more ${language} under "${heading}"`);
    return this.#blocks.splice(at, 1)[0].text;
  }

  /** What nobody has taken, each by its line. */
  left() {
    const code = this.#blocks.filter(({ language }) => !PROSE.test(language));
    return code.map(({ line, language, heading }) => `${this.#path}:${line}: ${language} under "${heading}"`);
  }
}

function* read(text) {
  let heading = "";
  let block;
  for (const [at, line] of text.split("\n").entries()) {
    const [, fence, language] = line.match(/^\s*(`{3,})(\w*)/) ?? [];
    if (block && fence) {
      yield { ...block, text: block.lines.join("\n") + "\n" };
      block = undefined;
    } else if (block) block.lines.push(line);
    else if (fence) block = { heading, language, line: at + 1, lines: [] };
    else heading = line.match(/^#+ (.*)/)?.[1] ?? heading;
  }
}
