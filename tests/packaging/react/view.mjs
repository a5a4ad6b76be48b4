// What the server renders and the browser takes over.
import { createElement } from "react";
import { SessionProvider, useSession } from "relatch/react";

/** Notes each render, and what it showed. */
export const shown = [];

function Greeting() {
  const { data, status } = useSession();
  shown.push(status);
  return createElement("p", { id: "greeting" }, status === "authenticated" ? `Hello, ${data.user.email}` : status);
}

/** A page of the session that the server knows (`undefined`: it does not). */
export const View = ({ client, session }) =>
  createElement(SessionProvider, { client, session }, createElement(Greeting));
