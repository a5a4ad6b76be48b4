import { isRelatchError } from "relatch";
import { useActionState } from "react";
import { session } from "./session";

export function SignIn({ hint }: { hint: string | null }) {
  const [problem, signIn, isPending] = useActionState(async (_: string | null, form: FormData) => {
    try {
      await session.signIn(Object.fromEntries(form));
      return null;
    } catch (error) {
      if (isRelatchError(error, "BadCredentials")) return "Email or password is wrong.";
      if (isRelatchError(error)) return error.message;
      throw error;
    }
  }, hint);
  return (
    <form action={signIn}>
      <h1>Sign in</h1>
      <label>
        Email <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p role="alert">{problem}</p>
      <button disabled={isPending}>Sign in</button>
    </form>
  );
}
