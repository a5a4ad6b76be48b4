// next-auth v4, in front of another backend whose refresh token it rotates; and a page with its own client.
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import cookieParser from "cookie-parser";
import { build } from "esbuild";
import express from "express";
import { getToken } from "next-auth/jwt";
import CredentialsProvider from "next-auth/providers/credentials";
import { apiRoute } from "../nextauth/handler.mjs";
import { authorize, callbacks, sharedRoutes } from "../rotation.mjs";
import { counted, listen } from "../site.mjs";

const options = {
  secret: randomUUID(),
  session: { strategy: "jwt" },
  providers: [CredentialsProvider.default({ credentials: { username: {}, password: { type: "password" } }, authorize })],
  callbacks,
  logger: { error() {} },
};

const client = await build({
  entryPoints: [fileURLToPath(new URL("client.jsx", import.meta.url))],
  bundle: true,
  write: false,
  jsx: "automatic",
  define: { "process.env": "{}", "process.env.NODE_ENV": '"production"' },
});

const app = express();
app.use(counted);
app.use("/api/auth", apiRoute(options));
const page = '<!doctype html><link rel="icon" href="data:,"><body><script src="/client.js"></script>';
app.get("/client", (_, response) => response.send(page));
app.get("/client.js", (_, response) => response.type("js").send(client.outputFiles[0].text));
app.use(cookieParser(), sharedRoutes((req) => getToken({ req, secret: options.secret })));
listen(app, (url) => {
  process.env.NEXTAUTH_URL = url;
});
