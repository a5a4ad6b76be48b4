import { cookieRefresh } from "relatch";

/** The backend, as browser and server both know it. */
export const contract = cookieRefresh({ baseUrl: "/auth" });

declare module "relatch" {
  interface Register {
    session: { user: { id: string; name: string; email: string | null } };
  }
}
