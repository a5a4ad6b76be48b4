import { auth, signIn, signOut } from "../auth";

async function enter() {
  "use server";
  await signIn();
}

async function leave() {
  "use server";
  await signOut();
}

export default async function UserButton() {
  const session = await auth();
  return (
    <form id="server" action={session?.user ? leave : enter}>
      <span>{session?.user?.email}</span>
      <button>{session?.user ? "Sign Out" : "Sign In"}</button>
    </form>
  );
}
