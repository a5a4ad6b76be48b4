"use client";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { isRelatchError } from "relatch";
import { session } from "@/lib/session";

export function SignIn({ next }: { next: string }) {
  const router = useRouter();
  const [problem, setProblem] = useState("");
  const signIn = async (form: FormData) => {
    try {
      await session.signIn({ email: form.get("email"), password: form.get("password") });
      router.replace(next);
      router.refresh();
    } catch (error) {
      setProblem(isRelatchError(error, "BadCredentials") ? "Wrong address or password." : "That did not work. Try again.");
    }
  };
  return (
    <form action={signIn}>
      <input name="email" type="email" required placeholder="Address" autoComplete="username" />{" "}
      <input name="password" type="password" required placeholder="Password" autoComplete="current-password" />{" "}
      <button>Sign in</button> <span role="alert">{problem}</span>
    </form>
  );
}
