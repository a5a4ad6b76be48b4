/** Paths that are protected, and paths to go back to. */

/**
 * The path to go back to after a sign-in, as it came in a URL: a path of this site, or `fallback`. Anything that a browser
 * would take for another site is refused (`//evil.example`, `/\evil.example`, `https:…`).
 */
export function callbackPath(value: string | null | undefined, fallback = "/"): string {
  if (typeof value !== "string" || !value.startsWith("/")) return fallback;
  const site = "http://relatch.invalid";
  if (!URL.canParse(value, site)) return fallback;
  // The parser reads it as a browser will: back slashes as slashes, without tabs and dot segments. What it made is returned.
  const { origin, pathname, search, hash } = new URL(value, site);
  return origin === site && !pathname.startsWith("//") ? pathname + search + hash : fallback;
}

/**
 * Whether it is a pattern of {@link compile}. What other matchers write in another way (`(.*)`, `*`, `:id?`, `[id]`) would be
 * taken for the text that it is, and protect nothing; who means the text writes it percent-encoded.
 */
export const isPattern = (pattern: unknown): boolean =>
  typeof pattern === "string" && pattern.startsWith("/") && segments(pattern).every((part) => /^:\w+[*+]?$|^[^:()[\]{}*?+#]+$/.test(part));

/**
 * Whether a path is one of `patterns`: `/account` itself, `/orders/:id` with one segment there, `/account/:path*` with any
 * number, none included, `/files/:path+` with at least one. Both are compared as routers see them: without empty segments,
 * decoded, and a path be it before it is taken apart (`/account%2Fkeys`) or each segment by itself.
 */
export function compile(patterns: readonly string[]): (pathname: string) => boolean {
  const rules = patterns.map((pattern) => {
    const parts = segments(pattern).map((part) => {
      // Both in one form, in which a segment has no slash and no line break in it.
      if (!part.startsWith(":")) return `/${encodeURIComponent(decode(part)).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
      return part.endsWith("*") ? "(?:/.*)?" : part.endsWith("+") ? "/.+" : "/[^/]+";
    });
    return new RegExp(`^${parts.join("") || "/"}$`);
  });
  return (pathname) => {
    const paths = [segments(pathname).map(decode), segments(decode(pathname))].map((path) => `/${path.map(encodeURIComponent).join("/")}`);
    return rules.some((rule) => paths.some((path) => rule.test(path)));
  };
}

const segments = (path: string): string[] => path.split("/").filter(Boolean);

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
