// The README of axios-auth-refresh: the token by a request interceptor, and the plugin's refresh and retry.
import axios from "axios";
import { createAuthRefresh } from "axios-auth-refresh";
import { renew, signIn, usable } from "./common/tokens.js";

export const about = {
  title: "axios + axios-auth-refresh",
  packages: ["axios", "axios-auth-refresh"],
  setUp: "adapter `fetch`, the token by a request interceptor, `createAuthRefresh` with `deduplicateRefresh: false` and our single flight",
  lacks: "a session, and anything between tabs; takes no `Request`",
  refuses: ["request"],
  looksAtClock: true,
  retries: true,
};

export function open() {
  const api = axios.create({ adapter: "fetch", responseType: "text" });
  api.interceptors.request.use(async (request) => {
    request.headers.set("Authorization", `Bearer ${await usable()}`);
    return request;
  });
  const refresh = async ({ response }) => {
    await renew(response.config.headers.get("Authorization").slice("Bearer ".length));
  };
  // Its own deduplication fails the calls that were on their way already when the first 401 came; ours does not.
  createAuthRefresh(api, refresh, { deduplicateRefresh: false });
  return {
    signIn,
    call: (url, { method = "GET", headers = {}, body } = {}) =>
      api.request({ url, method, headers: Symbol.iterator in headers ? Object.fromEntries(headers) : headers, data: body }),
  };
}
