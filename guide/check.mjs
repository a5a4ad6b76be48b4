// `cargo xtask guide` ends with this: no link of the site leads nowhere.
import { join } from "node:path";
import { work } from "./contents.mjs";
import { brokenLinks } from "./links.mjs";

const { broken, count, pages } = brokenLinks(join(work, "site"), process.env.RELATCH_GUIDE_BASE);
console.log(`${count} links on ${pages} pages, ${broken.length} of them broken`);
for (const link of broken) console.log(`  ${link}`);
process.exit(broken.length > 0 ? 1 : 0);
