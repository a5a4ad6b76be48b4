"use client";
import { useRouter } from "next/navigation";
import { useActionState } from "react";
import { isRelatchError } from "relatch";
import { session } from "@/lib/session";

export function SignIn({ next }: { next: string }) {
  const router = useRouter();
  const [{ email, problem }, signIn] = useActionState(
    async (_: unknown, form: FormData) => {
      const email = String(form.get("email"));
      try {
        await session.signIn({ email, password: form.get("password") });
        router.replace(next);
        router.refresh();
        return { email, problem: "" };
      } catch (error) {
        const isWrong = isRelatchError(error, "BadCredentials");
        return { email, problem: isWrong ? "Wrong email or password." : "That did not work. Try again." };
      }
    },
    { email: "", problem: "" },
  );
  // React resets a form after its action: to the email that was tried.
  return (
    <form action={signIn}>
      <label>
        Email <input name="email" type="email" required autoComplete="username" defaultValue={email} />
      </label>{" "}
      <label>
        Password <input name="password" type="password" required autoComplete="current-password" />
      </label>{" "}
      <button>Sign in</button> <span role="alert">{problem}</span>
    </form>
  );
}
