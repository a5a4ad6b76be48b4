import { cookieRefresh, createSession } from "relatch";

/** The backend: sign-in, refresh and sign-out at `/auth`. */
export const session = createSession({ contract: cookieRefresh({ baseUrl: "/auth" }) });

declare module "relatch" {
  interface Register {
    session: { user: { id: string; email: string } };
  }
}
