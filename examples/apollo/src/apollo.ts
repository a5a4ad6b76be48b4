import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { session } from "./session";

export const apollo = new ApolloClient({
  link: new HttpLink({ uri: "/api/graphql", fetch: session.fetch }),
  cache: new InMemoryCache(),
});

// What was fetched for one user is not for the next, whoever signs in or out, in whichever tab.
let user: string | undefined;
session.subscribe(({ data }) => {
  if (user !== undefined && user !== data?.user.id) void apollo.clearStore();
  user = data?.user.id;
});
