import { isRelatchError } from "relatch/next";
import { auth } from "@/lib/auth";

export async function Part({ part }: { part: number }) {
  return <li className="part">{await count(part)}</li>;
}

async function count(part: number): Promise<string> {
  try {
    const response = await auth.authFetch(`/api/notes?part=${part}`);
    return response.ok ? `${((await response.json()) as unknown[]).length} notes` : `the API said ${response.status}`;
  } catch (error) {
    // The backend is down, say. The session is not over: the browser tries again.
    if (isRelatchError(error) && error.temporary) return "not now";
    throw error;
  }
}
