import { auth } from "../../../auth";

export const GET = auth((request) =>
  request.auth ? Response.json({ data: "Protected data" }) : Response.json({ message: "Not authenticated" }, { status: 401 }),
);
