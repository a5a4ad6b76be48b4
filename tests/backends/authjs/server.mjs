// Auth.js v5 in Express, as its documentation has it: a Credentials provider, and the session in a signed cookie.
import { randomUUID } from "node:crypto";
import { ExpressAuth, getSession } from "@auth/express";
import Credentials from "@auth/express/providers/credentials";
import express from "express";
import { authorize, elsewhere, users } from "../people.mjs";
import { counted, listen, site } from "../site.mjs";

/** The sign-ins that are good. A cookie alone cannot be revoked, so applications that need to keep such a list. */
const live = new Set();

const config = {
  secret: randomUUID(),
  trustHost: true,
  session: { strategy: "jwt" },
  providers: [
    Credentials({ credentials: { email: {}, password: { type: "password" } }, authorize }),
    Credentials({ id: "staff", credentials: { badge: {} }, authorize: ({ badge }) => (badge === "7" ? users[0] : null) }),
    elsewhere,
  ],
  callbacks: {
    redirect({ url, baseUrl }) {
      if (url === `${baseUrl}/old`) return `${baseUrl}/?new`;
      return new URL(url, baseUrl).origin === baseUrl ? url : baseUrl;
    },
    jwt({ token, user, trigger, session }) {
      if (trigger === "update") token.name = session.name;
      if (user) live.add((token.signIn = randomUUID()));
      return live.has(token.signIn) ? token : null;
    },
  },
  logger: { error() {} },
};

const app = express();
app.use(counted);
app.use("/auth", ExpressAuth(config));

app.get("/api/notes", async (request, response) => {
  const session = await getSession(request, config);
  if (!session) return response.status(401).json({ message: "Not authenticated" });
  response.json([{ text: `a note of ${session.user.name}` }]);
});

app.use(site({ revoke: () => live.clear() }));
listen(app);
