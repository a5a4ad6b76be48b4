// The code blocks of a page in Markdown: what a reader pastes is what a test runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../backend.mjs";

/** The blocks of one page, each of which is to be taken once. */
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
    return this.#blocks.map(({ line, language, heading }) => `${this.#path}:${line}: ${language} under "${heading}"`);
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
