// The provider's sign-in page: a form, and a way to give up.
import express from "express";

const form = (message) => `<!doctype html><title>Sign in</title><form method="post">
  <p>${message}</p>
  <label>Name <input name="login"></label> <label>Password <input name="password" type="password"></label>
  <button name="act" value="enter">Sign in</button> <button name="act" value="cancel">Cancel</button>
</form>`;

/** What answers the provider's requests: its own, and these. */
export function interactions(provider) {
  const app = express();
  app.get("/interaction/:uid", (_, response) => response.send(form("")));
  app.post("/interaction/:uid", express.urlencoded({ extended: false }), async (request, response) => {
    const { login, password, act } = request.body;
    const merge = { mergeWithLastSubmission: false };
    if (act === "cancel") {
      return provider.interactionFinished(request, response, { error: "access_denied", error_description: "gave up" }, merge);
    }
    if (login !== "ada" || password !== "lovelace") return response.status(401).send(form("Wrong name or password."));
    return provider.interactionFinished(request, response, { login: { accountId: login } }, merge);
  });
  app.use(provider.callback());
  return app;
}
