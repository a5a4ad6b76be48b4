// An OpenID provider (oidc-provider) on an origin of its own, and beside it the site with the application and its API. The
// application is a public client; refresh tokens are good once, whether they are bound to a key or not.
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { build } from "esbuild";
import express from "express";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import Provider from "oidc-provider";
import { packageFolder } from "../../backend.mjs";
import { count, counted, listen, site } from "../site.mjs";
import { interactions } from "./interactions.mjs";

const ACCESS_SECONDS = 15;
/** A site whose own server is a client, where there is one. */
const { SITE_URL, SITE_SECRET } = process.env;
const siteClient = { client_id: "site", client_secret: SITE_SECRET, redirect_uris: [`${SITE_URL}/auth/callback/google`] };
const folder = (name) => fileURLToPath(new URL(name, import.meta.url));

const app = express();
app.use(counted);
listen(app, async (url) => {
  const server = createServer().listen(0, "localhost");
  await new Promise((resolve) => server.once("listening", resolve));
  const issuer = `http://localhost:${server.address().port}`;
  const provider = providerFor(issuer, url);
  server.on("request", interactions(provider));
  const tokens = await watch(provider);

  app.use(express.static(folder("pages")));
  app.get("/oidc.js", async (_, response) => response.type("js").send(await script));
  app.get("/.well-known/openid-configuration", async (_, response) => {
    response.json(await fetch(`${issuer}/.well-known/openid-configuration`).then((metadata) => metadata.json()));
  });
  app.get("/test/issuer", (_, response) => response.send(issuer));
  app.get("/test/newest-session", (_, response) => response.send(tokens.newest()));
  app.all("/api/notes", async (request, response) => {
    const { subject, error } = await tokens.check(request, url);
    if (subject) return request.method === "POST" ? request.pipe(response) : response.json([{ text: `a note of ${subject}` }]);
    response.set("www-authenticate", error).status(401).json({ error });
  });
  app.use(site({ expire: tokens.expire, revoke: tokens.revoke, nonce: tokens.renewNonce }));
});

function providerFor(issuer, url) {
  const client = {
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: [`${url}/callback.html`],
    post_logout_redirect_uris: [`${url}/`],
  };
  return new Provider(issuer, {
    clients: [
      { ...client, client_id: "bound", dpop_bound_access_tokens: true },
      { ...client, client_id: "plain" },
      ...(SITE_URL ? [siteClient] : []),
    ],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Ada", email: `${id}@example.com` }) }),
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    cookies: { keys: [randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, randomUUID()), requireNonce: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: true },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    clientBasedCORS: () => true,
    issueRefreshToken: () => true,
    rotateRefreshToken: () => true,
    ttl: { AccessToken: ACCESS_SECONDS, IdToken: 60, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 3600 },
    async loadExistingGrant({ oidc }) {
      // The application is the provider's own: nobody is asked for consent.
      const known = oidc.session.grantIdFor(oidc.client.clientId);
      const found = known && (await oidc.provider.Grant.find(known));
      const grant = found ?? new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
}

/** What the provider has issued, and the check that an API makes of it (RFC 9449 section 7). */
async function watch(provider) {
  const issued = new Set();
  const refresh = new Map();
  const [dead, proofs] = [new Set(), new Set()];
  let nonce = randomUUID();
  provider.on("access_token.saved", ({ jti }) => issued.add(jti));
  let newest;
  provider.on("refresh_token.saved", ({ jti, grantId }) => refresh.set((newest = jti), grantId));
  provider.on("refresh_token.destroyed", ({ jti }) => refresh.delete(jti));
  provider.on("refresh_token.consumed", ({ jti }) => refresh.delete(jti));
  provider.on("grant.revoked", (_, grantId) => {
    for (const [jti, id] of refresh) if (id === grantId) refresh.delete(jti);
  });
  provider.on("grant.success", ({ oidc }) => count(`grant ${oidc.params.grant_type}`));
  provider.on("grant.error", ({ oidc }, { error, error_detail: detail }) => {
    if (error !== "use_dpop_nonce") count(`grant ${oidc.params?.grant_type}`);
    if (detail === "refresh token already used") count("reuse");
    if (/replay/i.test(detail ?? "")) count("replay");
  });

  /** Whether the sender has the key, by what differs. */
  const isProven = async (request, url, token, jkt) => {
    const { payload, protectedHeader } = await jwtVerify(request.get("dpop") ?? "", EmbeddedJWK, { typ: "dpop+jwt" });
    const ath = createHash("sha256").update(token).digest("base64url");
    const expected = { htm: request.method, htu: url + request.path, ath };
    const differs = Object.keys(expected).some((claim) => payload[claim] !== expected[claim]);
    if (differs || (await calculateJwkThumbprint(protectedHeader.jwk)) !== jkt) return "invalid_dpop_proof";
    if (payload.nonce !== nonce) return "use_dpop_nonce";
    if (proofs.has(payload.jti)) count("replay");
    proofs.add(payload.jti);
    return undefined;
  };

  return {
    /** Whether the refresh token that was issued last is still good for anything. */
    newest: () => (refresh.has(newest) ? "alive" : "ended"),
    expire: () => issued.forEach((jti) => dead.add(jti)),
    async revoke() {
      issued.forEach((jti) => dead.add(jti));
      for (const grantId of new Set(refresh.values())) await (await provider.Grant.find(grantId))?.destroy();
      refresh.clear();
    },
    renewNonce: () => void (nonce = randomUUID()),
    async check(request, url) {
      const [scheme, value = ""] = (request.get("authorization") ?? "").split(" ");
      const token = await provider.AccessToken.find(value);
      if (!token || dead.has(token.jti) || scheme !== (token.jkt ? "DPoP" : "Bearer")) return { error: `${scheme || "Bearer"} error="invalid_token"` };
      if (!token.jkt) return { subject: token.accountId };
      request.res.set("dpop-nonce", nonce);
      const error = await isProven(request, url, value, token.jkt).catch(() => "invalid_dpop_proof");
      if (error) count(error);
      return error ? { error: `DPoP error="${error}"` } : { subject: token.accountId };
    },
  };
}

/** The application's script, as a bundler makes it. */
const script = build({
  stdin: { contents: `export * from ${JSON.stringify(join(packageFolder, "oidc.js"))}`, resolveDir: folder(".") },
  bundle: true,
  write: false,
  format: "iife",
  globalName: "relatchOidc",
  nodePaths: [folder("../node_modules")],
}).then(({ outputFiles }) => outputFiles[0].text);
