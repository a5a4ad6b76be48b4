import { callbackPath } from "relatch/next";
import { SignIn } from "@/components/sign-in";

export default async function Page({ searchParams }: { searchParams: Promise<{ callbackUrl?: string }> }) {
  // Only a path of this site: anybody can make a link with a callbackUrl.
  return <SignIn next={callbackPath((await searchParams).callbackUrl)} />;
}
