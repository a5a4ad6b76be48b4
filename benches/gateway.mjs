// What stands in front of the example server: it serves the pages of the benches and passes everything else on.
//
// The peers that speak a wire format of their own get a route that translates it to the example server's, whose strict
// rotation stays the judge: whoever presents a refresh token twice loses the session, whatever format it came in.
import { randomUUID } from "node:crypto";
import { Agent, createServer, request as ask } from "node:http";
import { nextAuth } from "./gateway-next-auth.mjs";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const COOKIE = "relatch_refresh";

/** Starts it. `pages(path)` gives the text and the headers of a page or a script, or nothing. */
export async function startGateway(pages) {
  let target;
  let leap = 0;

  /** Signs in or refreshes at the example server; `token` is the refresh token. */
  const exchange = async (path, token, body) => {
    const headers = { origin: url, ...(token && { cookie: `${COOKIE}=${token}` }), ...(body && { "content-type": "application/json" }) };
    const answer = await fetch(target + path, { method: "POST", headers, body: body && JSON.stringify(body) });
    const refreshToken = answer.headers.getSetCookie().map((line) => line.match(/^relatch_refresh=([^;]+)/)?.[1]).find(Boolean);
    const json = await answer.json().catch(() => ({}));
    return { status: answer.status, ok: answer.ok, refreshToken, ...json };
  };

  /** RFC 6749 sections 4.3 and 6, and RFC 8693 with the credentials as the subject's token. */
  const token = async (fields) => {
    const refreshes = fields.grant_type === "refresh_token";
    const credentials = () =>
      fields.subject_token ? JSON.parse(fields.subject_token) : { email: fields.username ?? fields.email, password: fields.password };
    return refreshes ? exchange("/auth/refresh", fields.refresh_token) : exchange("/auth/login", undefined, credentials());
  };

  const tokens = (issued, clientId) => ({
    access_token: issued.accessToken,
    refresh_token: issued.refreshToken,
    token_type: "Bearer",
    expires_in: issued.expiresIn,
    expires_at: Math.floor((Date.now() + leap) / 1000) + issued.expiresIn,
    scope: "openid profile email offline_access",
    id_token: idToken(issued, clientId),
  });

  /** OpenID Connect Core section 2. None of the clients checks the signature of a token that comes from the token endpoint. */
  const idToken = (issued, clientId) => {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor((Date.now() + leap) / 1000);
    const claims = { iss: `${url}/`, aud: clientId, sub: issued.user.id, email: issued.user.email, iat: now, exp: now + issued.expiresIn };
    return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
  };

  const oauth = async (request) => {
    const fields = await fieldsOf(request);
    const issued = await token(fields);
    if (!issued.ok) return json(issued.status === 401 ? 400 : issued.status, { error: "invalid_grant", error_description: "refused" });
    return json(200, tokens(issued, fields.client_id));
  };

  const supabase = async (request) => {
    const { searchParams } = new URL(request.url, url);
    const issued = await token({ ...(await fieldsOf(request)), grant_type: searchParams.get("grant_type") });
    if (!issued.ok) return json(400, { code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token" });
    const user = { ...issued.user, aud: "authenticated", role: "authenticated", app_metadata: {}, user_metadata: {}, created_at: "" };
    return json(200, { ...tokens(issued, "bench"), user });
  };

  /** The routes of better-auth's cookie session: the cookie is the refresh token, `/token` the jwt plugin's. */
  const betterAuth = async (request, path) => {
    const cookie = request.headers.cookie?.match(/better-auth\.session_token=([^;]+)/)?.[1];
    const keep = (value) => ({ "set-cookie": `better-auth.session_token=${value}; Path=/better-auth; HttpOnly; SameSite=Lax` });
    const issued =
      path === "/better-auth/sign-in/email"
        ? await exchange("/auth/login", undefined, await fieldsOf(request))
        : path === "/better-auth/token" && (await exchange("/auth/refresh", cookie));
    if (!issued) return json(404, {});
    if (!issued.ok) return json(401, { code: "UNAUTHORIZED", message: "Unauthorized" }, keep(""));
    const body = path.endsWith("/token") ? { token: issued.accessToken } : { redirect: false, token: randomUUID(), user: issued.user };
    return json(200, body, keep(issued.refreshToken));
  };

  const own = (request, path) => {
    if (path === "/oauth/token") return oauth(request);
    if (path === "/supabase/token") return supabase(request);
    if (path.startsWith("/better-auth/")) return betterAuth(request, path);
    return pages(path);
  };

  const handle = async (request, response) => {
    const path = request.url.split("?")[0];
    if (path.startsWith("/api/auth/")) return site(request, response);
    const answer = await own(request, path);
    if (!answer) return pass(request, response);
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body);
  };

  const pass = (request, response) => {
    const out = ask(target + request.url, { method: request.method, headers: request.headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    out.on("error", () => response.destroy());
    request.pipe(out);
  };

  const server = createServer((request, response) =>
    handle(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const site = nextAuth({ exchange, now: () => Date.now() + leap, url });
  return {
    url,
    /** Says where the example server is. */
    to: (server) => (target = server),
    /** Moves the clock of what is rendered here, as far as that of the pages is moved. */
    leap: (ms) => (leap = ms),
    stop: () => new Promise((resolve) => (server.closeAllConnections(), agent.destroy(), server.close(resolve))),
  };
}

const json = (status, value, headers) => ({
  status,
  headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  body: JSON.stringify(value),
});

async function fieldsOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return request.headers["content-type"]?.includes("json") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}
