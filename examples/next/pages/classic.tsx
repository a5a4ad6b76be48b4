import type { GetServerSideProps } from "next";
import { Account } from "@/components/account";
import { auth } from "@/lib/auth";

/** The Pages Router has the same session. */
export const getServerSideProps: GetServerSideProps = async (context) => {
  const notes = await auth.pages(context).fetch("/api/notes");
  return { props: { status: notes.status, ...(await auth.pageProps(context)) } };
};

export default function Classic({ status }: { status: number }) {
  return (
    <main>
      <Account />
      <p id="notes">{status}</p>
    </main>
  );
}
