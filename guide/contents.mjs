// What the guide holds, in the order in which it is read. Pages are files of docs/, without `.md`.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** Where everything that is made goes. */
export const work = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "guide");

const SECTIONS = [
  [
    "Start",
    [
      ["start/typescript", "TypeScript"],
      ["start/react", "Vite and React"],
      ["start/next", "Next"],
      ["start/script", "Without a build step"],
      ["rust", "Rust"],
    ],
  ],
  ["How it works", [["how-it-works", "The protocol, drawn"], ["guarantees", "Guarantees"], ["security", "Security"]]],
  [
    "Using it",
    [
      ["contract", "The contract"],
      ["backends", "Backends"],
      ["react", "React"],
      ["server", "On the server"],
      ["axios", "axios"],
      ["next-auth", "In place of next-auth/react"],
      ["oidc", "OpenID Connect"],
    ],
  ],
  [
    "Migration",
    [
      ["migration/next-auth", "From next-auth/react"],
      ["migration/auth0-spa-js", "From auth0-spa-js"],
      ["migration/axios-auth-refresh", "From axios-auth-refresh"],
      ["migration/interceptors", "From interceptors"],
    ],
  ],
  ["Diagnosis", [["troubleshooting", "Troubleshooting"], ["devtools", "Devtools"], ["faults", "Faults and their tests"]]],
  ["Inside", [["design", "The design"], ["exploration", "Explored"], ["fleet", "A million clients"]]],
];

/** Pages of a language of their own. */
const OTHER = ["ko/README"];

const has = (page) => existsSync(join(root, "docs", `${page}.md`));

/** The sections, with those of their pages that there are. */
export const sections = SECTIONS.map(([text, pages]) => ({ text, pages: pages.filter(([page]) => has(page)) }));

/** Pages of docs/ that nothing above names. */
export const unlisted = () => {
  const listed = new Set([...OTHER, ...SECTIONS.flatMap(([, pages]) => pages.map(([page]) => page))]);
  const all = readdirSync(join(root, "docs"), { recursive: true }).filter((file) => file.endsWith(".md"));
  return all.map((file) => file.replace(/\.md$/, "")).filter((page) => !listed.has(page));
};

/** The entries of the package that have types: `[name, source]`. */
export const entries = (manifest) =>
  Object.entries(manifest.exports)
    .filter(([, entry]) => entry.import)
    .map(([name, entry]) => [name === "." ? "relatch" : `relatch/${name.slice(2)}`, entry.import.default.slice(2).replace(/\.js$/, "")]);
