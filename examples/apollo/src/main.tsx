import { ApolloProvider } from "@apollo/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SessionProvider } from "relatch/react";
import { apollo } from "./apollo";
import { App } from "./App";
import { session } from "./session";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <SessionProvider client={session}>
      <ApolloProvider client={apollo}>
        <App />
      </ApolloProvider>
    </SessionProvider>
  </StrictMode>,
);
