import type { AppProps } from "next/app";
import type { SessionData } from "relatch";
import { SessionProvider } from "@/lib/session";

export default function App({ Component, pageProps: { session, ...props } }: AppProps<{ session?: SessionData | null }>) {
  return (
    <SessionProvider session={session}>
      <Component {...props} />
    </SessionProvider>
  );
}
