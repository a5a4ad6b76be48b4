// better-auth in Express, as its documentation has it: e-mail and password, sessions in a database (here in memory).
import { randomUUID } from "node:crypto";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";
import { counted, listen, site } from "../site.mjs";

const database = { user: [], session: [], account: [], verification: [] };

const app = express();
app.use(counted);
listen(app, async (url) => {
  const auth = betterAuth({
    baseURL: url,
    secret: randomUUID(),
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true, autoSignIn: false },
    telemetry: { enabled: false },
  });
  await auth.api.signUpEmail({ body: { name: "Ada", email: "ada@example.com", password: "lovelace" } });

  app.all("/api/auth/*splat", toNodeHandler(auth));
  app.get("/api/notes", async (request, response) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    if (!session) return response.status(401).json({ message: "Unauthorized" });
    response.json([{ text: `a note of ${session.user.name}` }]);
  });
  app.use(site({ revoke: () => database.session.splice(0) }));
});
