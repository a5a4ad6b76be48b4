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
 * Whether a path is one of `patterns`: `/account` itself, `/orders/:id` with one segment there, `/account/:path*` with any
 * number, none included, `/files/:path+` with at least one. Paths are compared as a router sees them: decoded, without empty
 * segments.
 */
export function compile(patterns: readonly string[]): (pathname: string) => boolean {
  const rules = patterns.map((pattern) => {
    const parts = pattern.split("/").filter(Boolean).map((part) => {
      if (!part.startsWith(":")) return `/${part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
      return part.endsWith("*") ? "(?:/.*)?" : part.endsWith("+") ? "/.+" : "/[^/]+";
    });
    return new RegExp(`^${parts.join("") || "/"}$`);
  });
  return (pathname) => {
    const path = `/${decode(pathname).split("/").filter(Boolean).join("/")}`;
    return rules.some((rule) => rule.test(path));
  };
}

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
