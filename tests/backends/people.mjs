// Who can sign in at the servers of Auth.js, in both versions, and a provider to go to.

export const users = [
  { id: "1", name: "Ada", email: "ada@example.com", password: "lovelace" },
  { id: "2", name: "Bob", email: "bob@example.com", password: "builder" },
];

export const authorize = ({ email, password }) => users.find((user) => user.email === email && user.password === password) ?? null;

/** Nobody comes back from there. */
export const elsewhere = {
  id: "elsewhere",
  name: "Elsewhere",
  type: "oauth",
  clientId: "relatch",
  clientSecret: "unused",
  checks: ["state"],
  authorization: "https://elsewhere.example/authorize",
  token: "https://elsewhere.example/token",
  userinfo: "https://elsewhere.example/userinfo",
  profile: ({ id }) => ({ id }),
};
