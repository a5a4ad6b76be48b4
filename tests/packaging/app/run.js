/** What every consumer does with relatch: signs in, has its token refused, and calls the API. Says how it went. */
export async function run({ createSession, cookieRefresh, isRelatchError }, origin = "") {
  const session = createSession({ contract: cookieRefresh({ baseUrl: `${origin}/auth` }) });
  const refused = await session.signIn({ email: "demo@example.com", password: "wrong" }).catch((error) => error);
  const { user } = await session.signIn({ email: "demo@example.com", password: "relatch-demo" });
  await fetch(`${origin}/test/expire-access`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  const { status } = await session.fetch(`${origin}/api/notes`);
  session.dispose();
  return `${isRelatchError(refused, "BadCredentials")} ${user.email} ${status}`;
}
