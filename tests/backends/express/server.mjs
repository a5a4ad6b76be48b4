// A backend in Express as tutorials write it. The access token is a JWT of 15 seconds, sent as a bearer. The refresh token
// is a JWT in an httpOnly cookie; each is good once, and one that comes a second time ends its family.
import { randomUUID } from "node:crypto";
import cookieParser from "cookie-parser";
import express from "express";
import jwt from "jsonwebtoken";
import { count, counted, listen, setClockAhead, site } from "../site.mjs";

const ACCESS_TOKEN_SECRET = randomUUID();
const REFRESH_TOKEN_SECRET = randomUUID();
const ACCESS_SECONDS = 15;
const REFRESH_SECONDS = 24 * 60 * 60;
const COOKIE = { httpOnly: true, sameSite: "strict" };

const users = [{ username: "ada", password: "lovelace", roles: ["User"] }];
/** Of each family, the id of the refresh token that is good. */
const families = new Map();

const app = express();
app.use(counted);
app.use(express.json());
app.use(cookieParser());
// As long as a database would take; two requests with one token meet in that time.
app.use(["/auth", "/refresh"], (_, __, next) => setTimeout(next, 50));

/** Answers with an access token, and puts the family's next refresh token into the cookie. */
function issue(response, username, family) {
  const id = randomUUID();
  families.set(family, id);
  const refreshToken = jwt.sign({ username, family }, REFRESH_TOKEN_SECRET, { expiresIn: REFRESH_SECONDS, jwtid: id });
  response.cookie("jwt", refreshToken, { ...COOKIE, maxAge: REFRESH_SECONDS * 1000 });
  response.json({ accessToken: jwt.sign({ username }, ACCESS_TOKEN_SECRET, { expiresIn: ACCESS_SECONDS }) });
}

app.post("/auth", (request, response) => {
  const { user, pwd } = request.body ?? {};
  if (!user || !pwd) return response.status(400).json({ message: "Username and password are required." });
  const found = users.find(({ username, password }) => username === user && password === pwd);
  if (!found) return response.sendStatus(401);
  issue(response, found.username, randomUUID());
});

app.get("/refresh", (request, response) => {
  const refreshToken = request.cookies.jwt;
  if (!refreshToken) return response.sendStatus(401);
  response.clearCookie("jwt", COOKIE);
  jwt.verify(refreshToken, REFRESH_TOKEN_SECRET, (error, decoded) => {
    if (error || !families.has(decoded.family)) return response.sendStatus(403);
    if (families.get(decoded.family) !== decoded.jti) {
      families.delete(decoded.family);
      count("reuse");
      return response.sendStatus(403);
    }
    issue(response, decoded.username, decoded.family);
  });
});

app.get("/logout", (request, response) => {
  if (request.cookies.jwt) families.delete(jwt.decode(request.cookies.jwt)?.family);
  response.clearCookie("jwt", COOKIE);
  response.sendStatus(204);
});

function verifyJWT(request, response, next) {
  const header = request.headers.authorization;
  if (!header?.startsWith("Bearer ")) return response.sendStatus(401);
  jwt.verify(header.split(" ")[1], ACCESS_TOKEN_SECRET, (error, decoded) => {
    if (error) return response.sendStatus(403);
    request.user = users.find(({ username }) => username === decoded.username);
    next();
  });
}

app.get("/me", verifyJWT, ({ user: { username, roles } }, response) => response.json({ username, roles }));
app.get("/api/notes", verifyJWT, (request, response) => response.json([{ text: `a note of ${request.user.username}` }]));

app.use(site({ expire: () => setClockAhead(ACCESS_SECONDS), revoke: () => (families.clear(), setClockAhead(ACCESS_SECONDS)) }));
listen(app);
