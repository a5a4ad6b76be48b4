// next-auth v4, as its documentation has it: a Credentials provider, and the session in a signed cookie.
import { randomUUID } from "node:crypto";
import cookieParser from "cookie-parser";
import express from "express";
import { getServerSession } from "next-auth";
import CredentialsProvider from "next-auth/providers/credentials";
import { authorize, elsewhere, users } from "../people.mjs";
import { counted, listen, site } from "../site.mjs";
import { apiRoute } from "./handler.mjs";

/** The sign-ins that are good. A cookie alone cannot be revoked, so applications that need to keep such a list. */
const live = new Set();

const options = {
  secret: randomUUID(),
  session: { strategy: "jwt" },
  providers: [
    CredentialsProvider.default({ credentials: { email: {}, password: { type: "password" } }, authorize }),
    CredentialsProvider.default({ id: "staff", credentials: { badge: {} }, authorize: ({ badge }) => (badge === "7" ? users[0] : null) }),
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
      // What this version takes for a session that is over: its answer to `null` would have the user.
      if (!live.has(token.signIn)) throw new Error("revoked");
      return token;
    },
  },
  logger: { error() {} },
};

const app = express();
app.use(counted);
app.use("/api/auth", apiRoute(options));

app.get("/api/notes", cookieParser(), async (request, response) => {
  const session = await getServerSession(request, response, options);
  if (!session?.user) return response.status(401).json({ message: "You must be logged in." });
  response.json([{ text: `a note of ${session.user.name}` }]);
});

app.use(site({ revoke: () => live.clear() }));
listen(app, (url) => {
  process.env.NEXTAUTH_URL = url;
});
