// Refresh token rotation as the tutorial of next-auth has it: once the access token of another backend (here the one in
// express/) has expired, the `jwt` callback trades in its refresh token, and the session's cookie is set anew.
import express from "express";
import jwt from "jsonwebtoken";
import { setClockAhead, site } from "./site.mjs";

const UPSTREAM = process.env.UPSTREAM;

export async function authorize({ username, password }) {
  const response = await fetch(`${UPSTREAM}/auth`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: username, pwd: password }),
  });
  return response.ok ? { id: username, name: username, email: `${username}@example.com`, ...(await tokensOf(response)) } : null;
}

export const callbacks = {
  async jwt({ token, user }) {
    if (user) {
      const { accessToken, accessTokenExpires, refreshToken } = user;
      return { ...token, accessToken, accessTokenExpires, refreshToken };
    }
    return Date.now() < token.accessTokenExpires ? token : refreshAccessToken(token);
  },
  async session({ session, token }) {
    session.accessToken = token.accessToken;
    session.error = token.error;
    return session;
  },
};

async function refreshAccessToken(token) {
  try {
    const response = await fetch(`${UPSTREAM}/refresh`, { headers: { cookie: `jwt=${token.refreshToken}` } });
    if (!response.ok) throw new Error(`refused with ${response.status}`);
    return { ...token, ...(await tokensOf(response)) };
  } catch {
    return { ...token, error: "RefreshAccessTokenError" };
  }
}

async function tokensOf(response) {
  const { accessToken } = await response.json();
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.match(/^jwt=([^;]+)/)?.[1]);
  return { accessToken, accessTokenExpires: jwt.decode(accessToken).exp * 1000, refreshToken: cookies.find(Boolean) };
}

/**
 * What the site passes on to the other backend, as the bearer that comes along or as the user that its cookie names; and
 * what every server here has. `tokenOf` reads the cookie, and rotates nothing.
 */
export function sharedRoutes(tokenOf) {
  const router = express.Router();
  router.get("/api/notes", async (request, response) => {
    const token = await tokenOf(request);
    const authorization = request.headers.authorization ?? (token ? `Bearer ${token.accessToken}` : "");
    const answer = await fetch(`${UPSTREAM}/api/notes`, { headers: { authorization } });
    response.status(answer.status).send(await answer.text());
  });
  const control = (name) => async () => {
    await fetch(`${UPSTREAM}/test/${name}`, { method: "POST" });
    setClockAhead(15);
  };
  router.use(site({ expire: control("expire"), revoke: control("revoke") }));
  return router;
}
