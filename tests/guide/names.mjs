// The names of the project's tests, and whether what a page calls a test is one of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../backend.mjs";

/** What stands for any text in a name of a page's, and for a few words in a test's, where something is inserted. */
const [ANY, WORDS] = ["…", "\u0000"];

const files = ["tests", "src", "examples/server", "xtask/src"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((file) => `${folder}/${file}`)
    .filter((file) => /\.(rs|mjs)$/.test(file) && !/node_modules|\/work\/|\/target\//.test(file)),
);

/** Every test, as `{ file, name }`. */
export const tests = files.flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8");
  const found = file.endsWith(".rs")
    ? [...text.matchAll(/#\[(?:tokio::|wasm_bindgen_)?test\b[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn (\w+)|^\s+fn (\w+)\([^)]* in /gm)]
    : [...text.matchAll(/\b(?:it|test)\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)];
  return found.map((match) => ({ file, name: (match[1] ?? match[2]).replace(/\$\{[^}]*\}/g, WORDS).replaceAll('\\"', '"') }));
});

/** Whether a page's name can be a test's. Ten letters, or all there are, have to stand for themselves in both. */
export function meets(page, test) {
  const enough = Math.min(10, page.replaceAll(ANY, "").length);
  const seen = new Map();
  const at = (...state) => {
    const key = state.join();
    if (!seen.has(key)) seen.set(key, look(...state));
    return seen.get(key);
  };
  const look = (i, j, spaces, same) => {
    if (i === page.length && j === test.length) return same >= enough;
    if (page[i] === ANY) return at(i + 1, j, spaces, same) || (j < test.length && at(i, j + 1, 0, same));
    if (test[j] === WORDS) {
      const more = spaces + Number(page[i] === " ");
      return at(i, j + 1, 0, same) || (i < page.length && more < 4 && at(i + 1, j, more, same));
    }
    return i < page.length && page[i] === test[j] && at(i + 1, j + 1, 0, Math.min(10, same + 1));
  };
  return at(0, 0, 0, 0);
}

const texts = new Map(files.filter((file) => !file.startsWith("tests/guide/")).map((file) => [file, readFileSync(join(root, file), "utf8")]));

/**
 * Whether there is a test of this name; an ellipsis stands for any text. Of `keeps the session when …`, made for each row of a
 * table, a page may name the row, which then stands in that file.
 */
export function isTest(name, among = tests) {
  if (among.some((test) => meets(name.replace(/\s*…\s*/g, ANY), test.name))) return true;
  const row = name.match(/^… (.{8,}?)(?: …)?$/)?.[1];
  return row !== undefined && among.some((test) => texts.get(test.file)?.includes(`"${row}`) || texts.get(test.file)?.includes(`${row}"`));
}

/** What a table's cell calls a test: what is in backticks and is no file. */
export const named = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name).filter((name) => !/^[\w/.-]+\.(rs|mjs|md)$|^\w+\.test$|\//.test(name) || /\s/.test(name));
