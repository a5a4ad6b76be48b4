// oidc-provider, with tokens that are bound to a key of the browser's.
import { startServer } from "../stage.mjs";

/** Fills in the provider's form, in a window or in the page itself, and gives up on a wrong password. */
export async function answerForm(page, { login, password }) {
  await page.waitForSelector("[name=login]");
  await page.type("[name=login]", login);
  await page.type("[name=password]", password);
  await page.click("[value=enter]");
  if (password === backend.credentials.password) return;
  await page.waitForFunction(() => document.body.textContent.includes("Wrong"));
  await page.click("[value=cancel]");
}

const backend = {
  name: "oidc-provider",
  async start() {
    const server = await startServer("oidc/server.mjs");
    backend.contract.issuer = await fetch(`${server.url}/test/issuer`).then((response) => response.text());
    return server;
  },
  contract: {
    issuer: undefined,
    clientId: "bound",
    redirectUri: "/callback.html",
    scope: "openid profile email",
    userInfo: true,
    dpop: true,
  },
  async signIn(tab, credentials) {
    const opened = new Promise((resolve) => tab.once("popup", resolve));
    const done = tab.evaluate(() => outcome(session.signInWithPopup({ parameters: { prompt: "login" } })));
    await answerForm(await opened, credentials);
    return done;
  },
  credentials: { login: "ada", password: "lovelace" },
  wrong: { login: "ada", password: "wrong" },
  refused: "AuthorizationRefused",
  user: { sub: "ada", email: "ada@example.com" },
  renewal: "grant refresh_token",
  expires: true,
  refusal: 401,
  lifeSeconds: 15,
  nobody: { path: "/test/newest-session", body: "ended" },
};

export default backend;
