import NextAuth from "next-auth";
import "next-auth/jwt";
import Credentials from "next-auth/providers/credentials";

export const { handlers, auth, signIn, signOut } = NextAuth({
  basePath: "/auth",
  trustHost: true,
  session: { strategy: "jwt" },
  providers: [
    Credentials({
      credentials: { email: {}, password: { type: "password" } },
      authorize: ({ email, password }) => (password === "lovelace" ? { name: "Ada", email: String(email) } : null),
    }),
    {
      id: "google",
      name: "Google",
      type: "oidc",
      issuer: process.env.BACKEND_URL,
      clientId: "site",
      clientSecret: process.env.AUTH_SECRET,
      // Name and address are at the userinfo endpoint.
      idToken: false,
    },
  ],
  callbacks: {
    authorized: ({ request, auth }) => request.nextUrl.pathname !== "/protected" || Boolean(auth),
    jwt({ token, trigger, session, account }) {
      if (trigger === "update") token.name = session.user.name;
      return account?.provider === "google" ? { ...token, accessToken: account.access_token } : token;
    },
    session({ session, token }) {
      if (token.accessToken) session.accessToken = token.accessToken;
      return session;
    },
  },
});

declare module "next-auth" {
  interface Session {
    accessToken?: string;
  }
}

declare module "next-auth/jwt" {
  interface JWT {
    accessToken?: string;
  }
}
