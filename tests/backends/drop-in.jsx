// An application as it is written for `next-auth/react`; only the import is another.
import { createRoot } from "react-dom/client";
import { getCsrfToken, getProviders, getSession, SessionProvider, signIn, signOut, useSession } from "relatch/next-auth";

const seen = [];

function Account() {
  const { data, status, update } = useSession();
  seen.push(status);
  window.update = update;
  return <p id="account">{status === "authenticated" ? data.user.email : status}</p>;
}

window.auth = { getCsrfToken, getProviders, getSession, signIn, signOut, seen };
window.show = (basePath, baseUrl) => {
  const root = document.body.appendChild(document.createElement("div"));
  createRoot(root).render(
    <SessionProvider basePath={basePath} baseUrl={baseUrl}>
      <Account />
    </SessionProvider>,
  );
};
