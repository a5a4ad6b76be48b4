import { cookieRefresh, createSession } from "relatch";

export const about = {
  title: "relatch",
  packages: [],
  isOurs: true,
  setUp: "`createSession({ contract: cookieRefresh({ baseUrl: \"/auth\" }) })`",
  lacks: "",
  looksAtClock: true,
  retries: true,
};

export function open() {
  const session = createSession({ contract: cookieRefresh({ baseUrl: "/auth" }) });
  return { signIn: (user) => session.signIn(user), call: session.fetch };
}
