"use client";

import { signIn, signOut, useSession } from "next-auth/react";
import { useState } from "react";
import SessionData from "./session-data";

function UpdateForm() {
  const { data: session, update } = useSession();
  const [name, setName] = useState(`New ${session?.user?.name}`);
  if (!session?.user) return null;
  return (
    <p>
      <input value={name} onChange={(event) => setName(event.target.value)} />
      <button id="update" onClick={() => update({ user: { name } })}>
        Update
      </button>
    </p>
  );
}

function SignInForm() {
  const [error, setError] = useState("");
  const enter = async (form: FormData) => {
    const response = await signIn("credentials", { email: form.get("email"), password: form.get("password"), redirect: false });
    setError(response.error ?? "");
  };
  return (
    <form id="credentials" action={enter}>
      <input name="email" defaultValue="ada@example.com" />
      <input name="password" type="password" />
      <button>Sign in</button>
      <output>{error}</output>
    </form>
  );
}

export default function ClientExample() {
  const { data: session, status } = useSession();
  return (
    <>
      <p id="status">{status}</p>
      {status === "loading" ? <p>Loading...</p> : <SessionData session={session} />}
      <button id="call" disabled={!session?.accessToken}>
        Make API Request
      </button>
      <UpdateForm />
      <SignInForm />
      <button id="google" onClick={() => signIn("google", { redirectTo: "/client-example" }, { prompt: "login" })}>
        Sign in with Google
      </button>
      <button id="leave" onClick={() => signOut({ redirectTo: "/" })}>
        Sign out
      </button>
    </>
  );
}
