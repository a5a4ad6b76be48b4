// The reference of the package, made by TypeDoc from the comments in its TypeScript. A link in them that leads nowhere is an
// error.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application } from "typedoc";
import { entries, root, work } from "./contents.mjs";
import { slug } from "./slug.mjs";

const template = join(root, "pkg-template");
const out = join(work, "reference");
const all = entries(JSON.parse(readFileSync(join(template, "package.json"), "utf8")));

const app = await Application.bootstrapWithPlugins({
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: all.map(([, source]) => join(template, "src", `${source}.ts`)),
  tsconfig: join(template, "tsconfig.json"),
  out,
  readme: "none",
  disableSources: true,
  excludeInternal: true,
  excludeExternals: true,
  logLevel: "Warn",
  validation: { invalidLink: true, notExported: false, notDocumented: false },
  treatValidationWarningsAsErrors: true,
  outputFileStrategy: "modules",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  propertyMembersFormat: "table",
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
if (app.logger.hasErrors()) process.exit(1);
rmSync(out, { recursive: true, force: true });
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exit(1);

// A module is called by the name by which it is imported; `index.md` is the site's name for something else.
const name = (source) => (source === "index" ? "relatch" : source);
const api = join(work, "pages/api");
mkdirSync(api, { recursive: true });
const texts = new Map(all.map(([, source]) => [source, readFileSync(join(out, `${source}.md`), "utf8")]));
const headings = (text) => new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading.replaceAll("\\", ""))));
const anchors = new Map([...texts].map(([source, text]) => [source, headings(text)]));
for (const [imported, source] of all) {
  // The plugin numbers a type that is called as a class and its member are together; the page does not.
  const settle = (whole, file, anchor, number) => {
    const known = anchors.get(file ? file.slice(0, -3) : source);
    return !known || known.has(anchor + number) || !known.has(anchor) ? whole : `](${file}#${anchor})`;
  };
  const text = texts.get(source).replace(/\]\(([\w-]+\.md)?#([\w-]+?)(-\d+)\)/g, (whole, file = "", ...rest) => settle(whole, file, ...rest));
  writeFileSync(join(api, `${name(source)}.md`), text.replace(/^# .*/, `# \`${imported}\``).replaceAll("](index.md", "](relatch.md"));
}
console.log(`${all.length} entries`);
