/** The objects that applications hold: a request's session, with and without a `Response` to put cookies on. */
import { offerHandover } from "./server-gateway.js";
import type { Backend } from "./server-options.js";
import { RequestState, type Jar } from "./server-request.js";
import type { RequestSession, WebSession } from "./server-types.js";

export function requestSession(state: RequestState): RequestSession {
  return {
    state: () => state.state(),
    async get() {
      const { status, data } = await state.state();
      return status === "loading" ? undefined : data;
    },
    fetch: (input, init) => state.fetch(input, init),
    async refresh() {
      await state.open();
      await state.renew(state.held);
      return state.state();
    },
  };
}

/** The session of a web-standard request. */
export function openWeb(backend: Backend, request: Request, readOnly: boolean): WebSession {
  const lines: string[] = [];
  const jar: Jar = { canSet: () => !readOnly, set: (more) => void lines.push(...more) };
  const head = { cookie: request.headers.get("cookie"), origin: new URL(request.url).origin, isBrowsers: !readOnly };
  const state = new RequestState(backend, head, jar);
  return {
    ...requestSession(state),
    async ready() {
      await state.ready();
      return { status: state.isNobody ? "nobody" : state.access ? "user" : "unknown" };
    },
    onward(headers = request.headers) {
      const copy = new Headers(headers);
      if (state.cookie) copy.set("cookie", state.cookie);
      else copy.delete("cookie");
      return copy;
    },
    commit(response) {
      const offer = isDocument(request) ? offerHandover(state.backend, state) : undefined;
      const all = [...state.outgoing(lines), ...(offer ? [offer] : [])];
      const isUsers = lines.length > 0 || all.length > 0 || !state.isNobody;
      const answer = isUsers || response.headers.has("content-encoding") ? changeable(response) : response;
      if (!isUsers) return answer;
      answer.headers.set("cache-control", "private, no-store");
      for (const line of all) answer.headers.append("set-cookie", line);
      return answer;
    },
  };
}

/** The same with headers that can be changed. What fetch has answered has none such, and its body is decoded. */
function changeable(response: Response): Response {
  try {
    response.headers.delete("x-relatch");
    return response;
  } catch {
    const answer = new Response(response.body, response);
    if (answer.headers.has("content-encoding")) for (const name of ["content-encoding", "content-length"]) answer.headers.delete(name);
    return answer;
  }
}

/** A page is being opened (Fetch Metadata), not a part of one fetched. */
const isDocument = ({ method, headers }: Request): boolean => method === "GET" && headers.get("sec-fetch-dest") === "document";
