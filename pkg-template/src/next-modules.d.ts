// What is used of Next. It is an optional peer, so the package is built without it.
declare module "next/headers.js" {
  interface CookieStore {
    set(name: string, value: string, options: Record<string, unknown>): unknown;
  }
  export function headers(): Promise<Headers>;
  export function cookies(): Promise<CookieStore>;
}
declare module "next/server.js" {
  export const NextResponse: { next(init: { request: { headers: Headers } }): Response };
}
