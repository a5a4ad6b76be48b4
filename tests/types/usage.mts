// What an application's types have to come out as. Checked by the compiler, against the built package.
import { configure, cookieRefresh, createSession, getSession, isRelatchError, type RelatchError, type SessionState } from "relatch";
import { explain, logRecords, report, type Explanation, type RecordKind } from "relatch/explain";

declare module "relatch" {
  interface Register {
    session: { user: { id: string; email: string } };
  }
}

const session = createSession({ contract: cookieRefresh({ baseUrl: "/auth" }) });

session.subscribe((state: SessionState) => {
  if (state.status === "authenticated") {
    const email: string = state.data.user.email;
    // @ts-expect-error: not declared
    state.data.user.phone;
    return email;
  }
  const nothing: null = state.data;
  return nothing;
});

// The signature of fetch, so that it goes wherever fetch goes.
const drop: typeof fetch = session.fetch;
await drop(new URL("https://example.com"), { method: "POST", body: new FormData(), signal: AbortSignal.timeout(1) });

const data = await getSession();
const id: string | undefined = data?.user.id;
void id;

try {
  await session.signIn({ email: "a", password: "b" });
} catch (error) {
  if (isRelatchError(error, "TryLater")) {
    const wait: number | undefined = error.retryAfterMs;
    void wait;
  }
  // @ts-expect-error: not a code
  isRelatchError(error, "Nonsense");
}

interface LoginForm {
  email: string;
  password: string;
}
const form: LoginForm = { email: "a", password: "b" };
void session.signIn(form);
const report_ = (error: RelatchError): string => {
  if (isRelatchError(error, "Network")) {
    const code: "Network" = error.code;
    return code;
  }
  return error.code;
};
createSession({ contract: cookieRefresh({ baseUrl: "/auth" }), onError: Math.random() > 2 ? report_ : undefined, records: undefined }).dispose();

createSession({ contract: cookieRefresh({ baseUrl: "/auth" }), onRecords: logRecords }).dispose();
const explanation: Explanation = explain(session);
// @ts-expect-error: not a code
void (explanation.code === "Nonsense");
const kinds: RecordKind[] = report(session, { since: 1 }).records.map(({ kind }) => kind);
const source: "own" | "tab" | null = session.inspect().source;
void [kinds, source];

// @ts-expect-error: a path is a string
createSession({ contract: { baseUrl: "/auth", refresh: { path: 7 } } });
// @ts-expect-error: a contract has no such field
configure({ contract: { baseUrl: "/auth", refresh: { path: "/r" }, refesh: {} } });
// @ts-expect-error: a session needs a contract
createSession({});
