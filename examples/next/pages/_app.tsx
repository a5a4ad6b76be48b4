import type { AppProps } from "next/app";
import Router from "next/router";
import { SessionProvider, useFollow, type Known } from "@/lib/session";

export default function App({ Component, pageProps: { session, ...props } }: AppProps<{ session?: Known }>) {
  return (
    <SessionProvider session={session}>
      <Follow known={session} />
      <Component {...props} />
    </SessionProvider>
  );
}

/** `components/follow.tsx` for the Pages Router, which would load the page anew. */
function Follow({ known }: { known: Known }) {
  useFollow(known, () => Router.replace(Router.asPath, undefined, { scroll: false }));
  return null;
}
