// What a React application's types have to come out as. The session's type is declared once, in usage.mts.
import { createElement } from "react";
import { cookieRefresh, createSession, getSession, type SessionClient } from "relatch";
import { SessionProvider, useAuthFetch, useSession } from "relatch/react";
import { configure, createSession as createStreaming, type SessionData } from "relatch/streaming";

const contract = cookieRefresh({ baseUrl: "/auth" });
const client: SessionClient = createStreaming({ contract, wasmUrl: new URL("https://example.com/relatch.wasm") });
configure({ contract, wasmUrl: "/relatch.wasm" });
// @ts-expect-error: where is the module?
createStreaming({ contract });
// @ts-expect-error: the module is inlined
createSession({ contract, wasmUrl: "/relatch.wasm" });

export function Any() {
  const session = useSession();
  if (session.status === "authenticated") {
    const email: string = session.data.user.email;
    // @ts-expect-error: not declared
    session.data.user.phone;
    return email;
  }
  const nothing: null = session.data;
  if (session.status === "unauthenticated") return session.reason;
  // @ts-expect-error: nothing else is left
  session.status === "unauthenticated";
  const update: Promise<SessionData | null> = session.update();
  return [nothing, update];
}

export function Destructured() {
  const { data, status, error, freshness, refreshing } = useSession();
  if (status === "authenticated") return data.user.id;
  // @ts-expect-error: nobody is signed in
  data.user;
  return [error?.code === "TryLater", freshness === "offline", refreshing];
}

export function Required() {
  const { data, status } = useSession({ required: true, onUnauthenticated() {} });
  // @ts-expect-error: it is for signed-in users
  status === "unauthenticated";
  return status === "authenticated" ? data.user.email : status;
}

export function Suspended() {
  const { data, status } = useSession({ suspense: true });
  // @ts-expect-error: it suspends instead
  status === "loading";
  return data?.user.email;
}

export const useDrop = (): typeof fetch => useAuthFetch();

const data = await getSession();
createElement(SessionProvider, { client, session: data, refetchInterval: 60, refetchOnWindowFocus: true });
createElement(SessionProvider, { session: undefined });
createElement(SessionProvider, { session: { user: { id: "1", email: "a@example.com" } } });
// @ts-expect-error: not the declared session
createElement(SessionProvider, { session: { user: { id: 1 } } });
