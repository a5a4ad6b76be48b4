// What code written for `next-auth/react` comes out as with its import changed. Checked by the compiler.
import {
  getCsrfToken,
  getProviders,
  getSession,
  signIn,
  signOut,
  useSession,
  type ClientSafeProvider,
  type SessionContextValue,
  type SignInResponse,
} from "relatch/next-auth";

const context: SessionContextValue = useSession();
if (context.status === "authenticated") {
  const email: string = context.data.user.email;
  void email;
} else {
  const nothing: null = context.data;
  void nothing;
}
void useSession({ required: true, onUnauthenticated() {} });
void context.update({ name: "Ada" });

const response: SignInResponse | undefined = await signIn("credentials", { redirect: false, email: "a", password: "b" });
const error: string | undefined = response?.error;
void [error, response?.ok, response?.status, response?.url, response?.code];
await signIn("google", { redirectTo: "/" }, { prompt: "login" });
const left: { url: string } | undefined = await signOut({ redirect: false });
const token: string = await getCsrfToken();
const providers: Record<string, ClientSafeProvider> | null = await getProviders();
const id: string | undefined = (await getSession())?.user.id;
void [left, token, providers, id];
// @ts-expect-error: a provider is named by a text
await signIn(7);
