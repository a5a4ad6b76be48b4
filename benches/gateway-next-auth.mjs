// The server half of next-auth, its own, with the rotation of refresh tokens as its guide has it: in the `jwt` callback.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Answers what comes to `/api/auth/*` of this origin. */
export function nextAuth({ exchange, now, url }) {
  // Where it reads its own address; it lets no option say so.
  process.env.NEXTAUTH_URL = url;
  const { default: NextAuth } = require("next-auth");
  const { default: CredentialsProvider } = require("next-auth/providers/credentials");

  const keep = (token, issued) => ({
    ...token,
    accessToken: issued.accessToken,
    refreshToken: issued.refreshToken,
    expiresAt: now() + issued.expiresIn * 1000,
  });
  const answer = NextAuth({
    secret: "of the benches",
    session: { strategy: "jwt" },
    providers: [
      CredentialsProvider({
        credentials: { email: {}, password: {} },
        async authorize({ email, password }) {
          const issued = await exchange("/auth/login", undefined, { email, password });
          return issued.ok ? { ...issued.user, issued } : null;
        },
      }),
    ],
    callbacks: {
      async jwt({ token, user }) {
        if (user) return keep(token, user.issued);
        if (now() < token.expiresAt) return token;
        const issued = await exchange("/auth/refresh", token.refreshToken);
        return issued.ok ? keep(token, issued) : { ...token, error: "RefreshAccessTokenError" };
      },
      session: ({ session, token }) => ({ ...session, accessToken: token.accessToken, error: token.error }),
    },
    logger: { error() {}, warn() {}, debug() {} },
  });

  /** What Next adds to Node's request and response, as far as next-auth asks for it. */
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, url);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    request.body = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    request.query = { ...Object.fromEntries(searchParams), nextauth: pathname.slice("/api/auth/".length).split("/") };
    request.cookies = cookiesOf(request);
    response.status = (status) => ((response.statusCode = status), response);
    response.json = (value) => (response.setHeader("content-type", "application/json"), response.end(JSON.stringify(value)));
    response.send = (body) => (typeof body === "object" ? response.json(body) : response.end(body));
    await answer(request, response);
  };
}

const cookiesOf = (request) =>
  Object.fromEntries(
    (request.headers.cookie ?? "")
      .split("; ")
      .filter(Boolean)
      .map((pair) => pair.split(/=(.*)/s).slice(0, 2).map(decodeURIComponent)),
  );
