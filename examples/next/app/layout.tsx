import type { ReactNode } from "react";
import { Account } from "@/components/account";
import { Follow } from "@/components/follow";
import { auth } from "@/lib/auth";
import { SessionProvider } from "@/lib/session";

export const metadata = { title: "relatch in Next" };
export const viewport = { colorScheme: "light dark" };

export default async function Layout({ children }: { children: ReactNode }) {
  const known = await auth.getSession();
  return (
    <html lang="en">
      <body style={{ fontFamily: "system-ui", margin: "2rem auto", maxWidth: "40rem", padding: "0 1rem" }}>
        <SessionProvider session={known}>
          <Follow known={known} />
          <Account />
          {children}
        </SessionProvider>
      </body>
    </html>
  );
}
