import { SessionProvider } from "next-auth/react";
import { auth } from "../../auth";
import ClientExample from "../../components/client-example";

export default async function ClientPage() {
  const session = await auth();
  if (session?.user) {
    const { name, email, image } = session.user;
    session.user = { name, email, image };
  }
  return (
    <SessionProvider basePath="/auth" session={session}>
      <ClientExample />
    </SessionProvider>
  );
}
