// An application with next-auth's own client: asks for the session, and calls the API with the token that is in it.
import { createRoot } from "react-dom/client";
import { getSession, SessionProvider, signIn, useSession } from "next-auth/react";

window.enter = (credentials) => signIn("credentials", { ...credentials, redirect: false });

/** One look at the session, then this many calls at once with its token. */
window.callsOf = async (path, count) => {
  const session = await getSession();
  const headers = { authorization: `Bearer ${session?.accessToken}` };
  const answers = await Promise.all(Array.from({ length: count }, () => fetch(path, { headers }).then(({ status }) => status)));
  return { answers, error: session?.error ?? null };
};

function Status() {
  const { status, data } = useSession();
  return <p id="status">{data?.error ?? status}</p>;
}

const root = document.body.appendChild(document.createElement("div"));
createRoot(root).render(
  <SessionProvider>
    <Status />
  </SessionProvider>,
);
