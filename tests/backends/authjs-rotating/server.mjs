// Auth.js v5 in Express, in front of another backend whose refresh token it rotates.
import { randomUUID } from "node:crypto";
import { getToken } from "@auth/core/jwt";
import { ExpressAuth } from "@auth/express";
import Credentials from "@auth/express/providers/credentials";
import express from "express";
import { authorize, callbacks, sharedRoutes } from "../rotation.mjs";
import { counted, listen } from "../site.mjs";

const secret = randomUUID();

const app = express();
app.use(counted);
app.use(
  "/auth",
  ExpressAuth({
    secret,
    trustHost: true,
    session: { strategy: "jwt" },
    providers: [Credentials({ credentials: { username: {}, password: { type: "password" } }, authorize })],
    callbacks,
    logger: { error() {} },
  }),
);
app.use(sharedRoutes((req) => getToken({ req, secret, secureCookie: false })));
listen(app);
