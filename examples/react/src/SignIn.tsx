import { isRelatchError } from "relatch";
import { useActionState } from "react";
import { session } from "./session";

export function SignIn({ hint }: { hint: string | null }) {
  const [{ email, problem }, signIn, isPending] = useActionState(attempt, { email: "", problem: hint });
  // React resets a form after its action: to the email that was tried.
  return (
    <form action={signIn}>
      <h1>Sign in</h1>
      <label>
        Email <input name="email" type="email" autoComplete="username" defaultValue={email} required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p role="alert">{problem}</p>
      <button disabled={isPending}>Sign in</button>
    </form>
  );
}

async function attempt(_: unknown, form: FormData): Promise<{ email: string; problem: string | null }> {
  const email = String(form.get("email"));
  try {
    await session.signIn(Object.fromEntries(form));
    return { email, problem: null };
  } catch (error) {
    if (isRelatchError(error, "BadCredentials")) return { email, problem: "Email or password is wrong." };
    if (isRelatchError(error)) return { email, problem: error.message };
    throw error;
  }
}
