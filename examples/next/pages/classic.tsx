import type { GetServerSideProps } from "next";
import { Account } from "@/components/account";
import { auth } from "@/lib/auth";
import { unlessBusy } from "@/lib/busy";

/** The Pages Router has the same session. */
export const getServerSideProps: GetServerSideProps = async (context) => {
  const notes = await auth.pages(context).fetch("/api/notes").catch(unlessBusy);
  return { props: { notes: notes?.status ?? "not now", ...(await auth.pageProps(context)) } };
};

export default function Classic({ notes }: { notes: number | string }) {
  return (
    <main>
      <Account />
      <p id="notes">{notes}</p>
    </main>
  );
}
