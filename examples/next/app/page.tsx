import Link from "next/link";
import { auth } from "@/lib/auth";

export default async function Home() {
  const session = await auth.getSession();
  return (
    <main>
      <h1>{session ? `Hello, ${session.user.name}` : "Hello"}</h1>
      <p>
        <Link href="/account" prefetch={false}>
          Your account
        </Link>
      </p>
    </main>
  );
}
