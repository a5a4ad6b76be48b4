import { useSession } from "relatch/react";
import { Notes } from "./Notes";
import { session } from "./session";
import { SignIn } from "./SignIn";

export function App() {
  const { status, data, error, reason } = useSession();
  if (status === "loading") return <p role="status">{error ? error.message : "Looking for your session…"}</p>;
  if (status === "unauthenticated") return <SignIn hint={reason === "expired" ? "Your session has ended." : null} />;
  return (
    <>
      <header>
        {data.user.email}{" "}
        <button type="button" onClick={() => session.signOut()}>
          Sign out
        </button>
      </header>
      {/* A key, so that nothing that one user has typed is there for the next. */}
      <Notes key={data.user.id} />
    </>
  );
}
