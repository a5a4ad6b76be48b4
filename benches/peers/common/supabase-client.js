// supabase's auth-js, as supabase-js uses it for every call: `getSession()`, which renews by the clock, then `fetch`.
import { AuthClient } from "@supabase/auth-js";

export const what = {
  packages: ["@supabase/auth-js"],
  lacks: "a retry on 401; its refresh token is in `localStorage`",
  looksAtClock: true,
  retries: false,
};

export function openClient(lock) {
  const auth = new AuthClient({
    url: `${location.origin}/supabase`,
    storageKey: "supabase",
    autoRefreshToken: true,
    persistSession: true,
    detectSessionInUrl: false,
    ...(lock && { lock }),
  });
  return {
    async signIn(user) {
      const { error } = await auth.signInWithPassword(user);
      if (error) throw error;
    },
    async call(input, init) {
      const { data } = await auth.getSession();
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set("authorization", `Bearer ${data.session?.access_token}`);
      return fetch(input, { ...init, headers });
    },
  };
}
