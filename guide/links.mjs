// Follows every link of the built site that stays on it, to the page and to the place in it.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";

const decode = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

/** Every link that leads nowhere: `page: link`. Pages of rustdoc are led to, and checked by rustdoc itself. */
export function brokenLinks(site, base = "/") {
  const pages = readdirSync(site, { recursive: true }).filter((file) => file.endsWith(".html") && !file.startsWith("rust/"));
  const anchors = new Map();
  const anchorsOf = (file) => {
    const known = anchors.get(file);
    if (known) return known;
    const text = readFileSync(join(site, file), "utf8");
    const found = new Set([...text.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => decode(id)));
    anchors.set(file, found);
    return found;
  };
  const broken = [];
  let count = 0;
  for (const page of pages) {
    for (const [, raw] of readFileSync(join(site, page), "utf8").matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)) {
      const url = decode(raw);
      if (/^[a-z]+:|^\/\//i.test(url)) continue;
      count++;
      const [path, hash] = url.split("#");
      const absolute = path === "" ? page : path.startsWith(base) ? path.slice(base.length) : posix.join(dirname(page), path);
      const file = fileOf(site, decodeURI(absolute));
      const isThere = file !== undefined && (!hash || !file.endsWith(".html") || anchorsOf(file).has(decodeURIComponent(hash)));
      if (!isThere) broken.push(`${page}: ${url}`);
    }
  }
  return { count, pages: pages.length, broken };
}

function fileOf(site, path) {
  const candidates = [path, `${path}.html`, posix.join(path, "index.html")];
  return candidates.find((file) => existsSync(join(site, file)) && statSync(join(site, file)).isFile());
}
