import { auth } from "../auth";
import SessionData from "../components/session-data";

export default async function Index() {
  return <SessionData session={await auth()} />;
}
