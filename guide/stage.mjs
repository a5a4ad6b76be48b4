// Puts the guide's pages where VitePress finds them: docs/ as it is, and a page for each file of the project that a page
// links to, so that every link leads somewhere wherever the site is.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { root, unlisted, work } from "./contents.mjs";

const pages = join(work, "pages");
const LANGUAGES = { ".rs": "rust", ".mjs": "js", ".mts": "ts", ".cjs": "js", "": "sh", ".regressions": "txt" };

/** Where a file or folder of the project stands on the site. */
function place(path) {
  if (path === "docs/ko/README.md") return "ko/index.md";
  if (path === "README.md") return "readme.md";
  if (path.startsWith("docs/")) return path.slice("docs/".length);
  if (path.endsWith(".md")) return `project/${path}`;
  return statSync(join(root, path)).isDirectory() ? `source/${path}/index.md` : `source/${path}.md`;
}

/** A folder is shown by its README, if it has one. */
function target(path) {
  if (!statSync(join(root, path)).isDirectory()) return path;
  return readdirSync(join(root, path)).includes("README.md") ? posix.join(path, "README.md") : path;
}

const done = new Set();
const waiting = ["README.md", ...readdirSync(join(root, "docs"), { recursive: true }).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)];

/** The text of a page with its links as the site needs them; what they lead to gets a page too. */
function relink(text, path) {
  const relative = (to) => posix.relative(dirname(place(path)), to);
  const link = (whole, before, url, hash = "") => {
    if (/^[a-z]+:/i.test(url) || url === "") return whole;
    const wanted = posix.normalize(posix.join(dirname(path), url));
    if (!existsSync(join(root, wanted))) throw new Error(`${path} links to ${url}, and there is no ${wanted}`);
    const found = target(wanted);
    waiting.push(found);
    return `${before}${encodeURI(relative(place(found)))}${hash})`;
  };
  let inBlock = false;
  const lines = text.split("\n").map((line) => {
    if (/^\s*```/.test(line)) inBlock = !inBlock;
    return inBlock ? line : line.replace(/(\]\()([^)\s#]*)(#[^)\s]*)?\)/g, link);
  });
  return lines.join("\n").replaceAll("<!-- code-group -->", "::: code-group").replaceAll("<!-- /code-group -->", ":::");
}

const write = (to, text) => {
  mkdirSync(dirname(join(pages, to)), { recursive: true });
  writeFileSync(join(pages, to), text);
};

/** A page with wide drawings, or tables of long rows, has no outline beside them. */
const isWide = (text) => text.includes("](protocol-") || /^\|.{250}/m.test(text);
const WIDE = "---\naside: false\n---\n\n";
const APART = "---\nsearch: false\noutline: false\naside: false\nprev: false\nnext: false\n---\n\n";

function folder(path) {
  const names = readdirSync(join(root, path)).filter((name) => !/^(node_modules|dist|target|work|\..*)$/.test(name));
  return `${APART}# \`${path}\`\n\n${names.map((name) => `- \`${name}\``).join("\n")}\n`;
}

function source(path) {
  const extension = extname(path);
  const language = LANGUAGES[extension] ?? extension.slice(1);
  return `${APART}# \`${path}\`\n\n\`\`\`\`\`\`${language}\n${readFileSync(join(root, path), "utf8").trimEnd()}\n\`\`\`\`\`\`\n`;
}

function stage(path) {
  const to = place(path);
  if (statSync(join(root, path)).isDirectory()) return write(to, folder(path));
  if (path.endsWith(".md")) {
    const text = relink(readFileSync(join(root, path), "utf8"), path);
    const front = !path.startsWith("docs/") ? APART : isWide(text) ? WIDE : "";
    return write(to, front + text);
  }
  if (/\.(svg|png)$/.test(path)) {
    mkdirSync(dirname(join(pages, to)), { recursive: true });
    return cpSync(join(root, path), join(pages, to));
  }
  return write(to, source(path));
}

const forgotten = unlisted();
if (forgotten.length > 0) throw new Error(`guide/contents.mjs does not name these pages of docs/: ${forgotten.join(", ")}`);
rmSync(pages, { recursive: true, force: true });
for (let path; (path = waiting.pop()); ) {
  if (!done.has(path)) {
    done.add(path);
    stage(path);
  }
}
const here = fileURLToPath(new URL(".", import.meta.url));
for (const name of readdirSync(join(here, "pages"))) cpSync(join(here, "pages", name), join(pages, name), { recursive: true });
// The pages are compiled where they stand, and import what is installed here.
rmSync(join(work, "node_modules"), { force: true });
symlinkSync(join(here, "node_modules"), join(work, "node_modules"), "junction");
mkdirSync(join(pages, "public"));
cpSync(join(root, "examples/html/icon.svg"), join(pages, "public/icon.svg"));
cpSync(join(root, "docs/protocol-ten-tabs.svg"), join(pages, "public/protocol.svg"));
console.log(`${done.size} files of the project, ${[...done].filter((path) => path.startsWith("docs/")).map((path) => basename(path)).filter((name) => name.endsWith(".md")).length} of them pages of docs/`);
