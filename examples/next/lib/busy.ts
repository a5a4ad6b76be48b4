import { isRelatchError } from "relatch/next";

/** Catches that a call fails while the backend is down or busy. The session is not over then: the browser tries again. */
export function unlessBusy(error: unknown): undefined {
  // Beside what relatch throws, `fetch` itself does, where nobody listens.
  if (isRelatchError(error) ? !error.temporary : !(error instanceof TypeError)) throw error;
}
