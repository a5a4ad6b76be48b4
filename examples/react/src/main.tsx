import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SessionProvider } from "relatch/react";
import { App } from "./App";
import { session } from "./session";
import "./style.css";

const queries = new QueryClient();

// What was fetched for one user is not for the next, whoever signs in or out, in whichever tab.
let user: string | undefined;
session.subscribe(({ data }) => {
  if (user !== undefined && user !== data?.user.id) queries.clear();
  user = data?.user.id;
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <SessionProvider client={session}>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </SessionProvider>
  </StrictMode>,
);
