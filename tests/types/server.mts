// What the types of the server entries have to come out as. `Register` is declared in usage.mts.
import { createNextSession, type NextSession } from "relatch/next";
import { cookieRefresh, createServer, isRelatchError } from "relatch/server";

const contract = cookieRefresh({ baseUrl: "/auth" });
const server = createServer({ contract, baseUrl: "http://backend/auth", refreshCookie: "r" });
const session = server.open(new Request("https://app.example/"));

const data = await session.get();
if (data) {
  const email: string = data.user.email;
  // @ts-expect-error: not declared
  data.user.phone;
  void email;
} else {
  const nothing: null | undefined = data;
  void nothing;
}
const drop: typeof fetch = session.fetch;
const answer: Response = session.commit(await drop("/api"));
const operation: Response | undefined = await server.handle(new Request("https://app.example/auth/refresh"));
void [answer, operation];

const state = await session.state();
if (state.status === "authenticated") void state.data.user.id;
if (isRelatchError(state.error, "SessionStale")) void state.error.temporary;

const auth: NextSession = createNextSession({ contract, refreshCookie: "r", baseUrl: "http://backend/auth", protect: ["/a"] });
const email: string | undefined = (await auth.getSession())?.user.email;
const next: Response = await auth.proxy(new Request("https://app.example/"));
void [email, next];

// @ts-expect-error: the cookie's name cannot be guessed
createServer({ contract });
// @ts-expect-error: no such option
createNextSession({ contract, refreshCookie: "r", signinPage: "/x" });
