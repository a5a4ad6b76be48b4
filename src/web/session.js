// Made of pkg-template/src by `cargo xtask build`.

// src/cookie-refresh.ts
function cookieRefresh(options) {
  return {
    refresh: { path: "/refresh" },
    session: { path: "/session" },
    signIn: { path: "/login" },
    exchange: { path: "/social-login" },
    signOut: { path: "/logout" },
    ...options
  };
}

// generated/contract.ts
var FIELDS = 'baseUrl base\nrefresh.path path\nrefresh.method method "POST"\nrefresh.encoding encoding "json"\nrefresh.headers headers {}\nrefresh.extra extra null\nrefresh.field name "refreshToken"\nrefresh.dead rule [400,401,403]\nrefresh.idempotencyHeader header ""\nsession.path path\nsession.method method "GET"\nsession.encoding encoding "json"\nsession.headers headers {}\nsession.extra extra null\nsession.user place null\nsession.none rule [401]\nsignIn.path path\nsignIn.method method "POST"\nsignIn.encoding encoding "json"\nsignIn.headers headers {}\nsignIn.extra extra null\nsignIn.refused rule [400,401,403,422]\nexchange.path path\nexchange.method method "POST"\nexchange.encoding encoding "json"\nexchange.headers headers {}\nexchange.extra extra null\nsignOut.path path\nsignOut.method method "POST"\nsignOut.encoding encoding "json"\nsignOut.headers headers {}\nsignOut.extra extra null\nsignOut.done rule []\nsignOut.refused rule []\naccess.by by "bearer"\naccess.token key "accessToken"\naccess.expiresIn key "expiresIn"\naccess.expiresAt key []\naccess.refreshToken key []\nuser.at key "user"\nuser.id key "id"\nerror.at key "error"\ncsrf.cookie name null\ncsrf.path path null\ncsrf.at key null\ncsrf.header header ""\ncsrf.field name null\ncsrf.refused rule [419]\napi.origins origins []\napi.expired callRule [401]\nretryAfterHeader header "X-Retry-After"\nshare share "ask"\ntimeoutMs ms 10000\nleadMs ms 60000';
var PROBLEMS = ["Network", "Timeout", "TryLater", "BadResponse", "Misconfigured", "BadCredentials", "SessionEnded", "SessionChanged", "Disposed"];

// src/errors.ts
var MESSAGES = {
  Network: "The auth server could not be reached; the session is kept. Try again when the network is back.",
  Timeout: "The auth server did not answer in time; the session is kept. Try again.",
  TryLater: "The auth server is busy; the session is kept. Try again later.",
  BadResponse: "The auth server's answer is not what the contract says; the session is kept. Check the contract's paths and fields.",
  Misconfigured: "The auth server refused the request itself. Check the contract's paths, methods and headers.",
  BadCredentials: "Sign-in was refused. Check the credentials.",
  SessionEnded: "The session has ended. Sign in again.",
  SessionChanged: "Somebody signed in or out since the call was made; it was not sent. Make it again.",
  Disposed: "This session was disposed of. Make a new one with createSession().",
  InvalidContract: "The contract is not valid.",
  NotSupported: "The contract has no such operation. Add it to the contract.",
  NotConfigured: "There is no default session. Call configure() first.",
  ModuleUnavailable: "The WebAssembly module could not start; the next call tries again. In a Content-Security-Policy, script-src needs 'wasm-unsafe-eval'.",
  StreamBodyUnsupported: "This browser cannot send a ReadableStream. Send a Blob."
};
var RelatchError = class extends Error {
  code;
  constructor(code, details = {}) {
    const { message = MESSAGES[code], issues, temporary = false, status, retryAfterMs, answer } = details;
    super(message + (issues ?? []).map(({ path, message: message2 }) => `
  ${path}: ${message2}`).join(""), details);
    this.code = code;
    const name = "RelatchError";
    Object.assign(this, { name, temporary, status, retryAfterMs, issues, answer });
  }
};

// src/told.ts
var OPERATIONS = ["refresh", "session", "signIn", "exchange", "signOut"];
var NONE = 2 ** 32 - 1;
var recorded = (number = NONE) => number < NONE ? number : null;
var some = (number) => number < 0 ? void 0 : number;
function errorOf([number, temporary, status, wait], answer) {
  const code = PROBLEMS[number];
  const details = { temporary: temporary > 0, status: some(status), retryAfterMs: some(wait) };
  return new RelatchError(code, { ...details, answer: code === "BadCredentials" ? answer : void 0 });
}
var STATUSES = ["loading", "authenticated", "unauthenticated"];
var FRESHNESS = ["fresh", "stale", "offline"];
var REASONS = [null, "expired", "signedOut"];
var stateOf = (bits) => ({
  status: STATUSES[bits & 3],
  freshness: FRESHNESS[bits >> 2 & 3],
  reason: REASONS[bits >> 4 & 3],
  refreshing: (bits & 64) > 0
});
var isGiven = (bits) => bits > 127;

// src/contract.ts
var TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
var KEY = /^[^.]+(\.[^.]+)*$/;
var PLACE = /^([^.]+(\.[^.]+)*)?$/;
var BASE = /^(\/(?!\/)|https?:\/\/[^/@?#\\\s]+(\/|$))[^?#\\\s]*$/i;
var isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var isStatus = (value) => Number.isInteger(value) && value > 99 && value < 600;
var isPlain = (value) => Object(value) !== value;
var isList = (value, check) => Array.isArray(value) && value.every(check);
var parse = (url, base) => {
  try {
    return new URL(url, base);
  } catch {
    return void 0;
  }
};
var isSign = (sign) => {
  if (!isObject(sign)) return isStatus(sign);
  const { status = 200, at: at2, is, has = "", ...more } = sign;
  const isText = typeof has === "string" && (sign["has"] === void 0 || is === void 0);
  return isStatus(status) && typeof at2 === "string" && PLACE.test(at2) && isPlain(is) && isText && !Object.keys(more).length;
};
var oneOf = (names) => [names, new RegExp(`^(${names})$`)];
var RULE = 'a list of statuses and of conditions such as { status: 422, at: "code", is: "expired" }';
var KINDS = {
  base: ['a path such as "/auth" or an http(s) URL, without query or fragment', (value) => typeof value === "string" && BASE.test(value) && !!parse(value, "http://a")],
  path: ['a path such as "/refresh"', /^\/(?!\/)[^\\\s#]*$/],
  method: oneOf("GET|POST|PUT|PATCH|DELETE"),
  encoding: oneOf("json|form"),
  by: oneOf("bearer|cookie"),
  share: oneOf("ask|never"),
  key: ['a name such as "accessToken" or "data.accessToken"', KEY],
  place: ['a place such as "data.user", or an empty text', PLACE],
  name: ['a name such as "csrfToken"', TOKEN],
  header: ['a name such as "Idempotency-Key"', TOKEN],
  rule: [RULE, (value) => isList(value, isSign)],
  callRule: [`${RULE}, each with a status`, (value) => isList(value, (sign) => isSign(sign) && isStatus(sign.status ?? sign))],
  headers: ["an object of texts, by names of headers", (value) => isObject(value) && Object.entries(value).every(([name, text]) => TOKEN.test(name) && typeof text === "string" && /^[ -~]*$/.test(text))],
  extra: ["an object of texts, numbers and booleans", (value) => isObject(value) && Object.values(value).every((field) => field != null && isPlain(field))],
  origins: ['a list of exact origins such as "https://api.example.com"', (value) => isList(value, (origin) => parse(origin)?.origin === origin)],
  ms: ["a whole number of milliseconds from 1 to 2147483647", (value) => Number.isInteger(value) && value > 0 && value < 2 ** 31]
};
function checkContract(contract) {
  const issues = [];
  const note = (path, message) => issues.push({ path: `contract${path && "."}${path}`, message });
  const root = isObject(contract) ? contract : (note("", "expected an object"), {});
  const isGroup = (name) => FIELDS.includes(`
${name}.`);
  const given = {};
  for (const [group, value] of Object.entries(root)) {
    if (isObject(value) && isGroup(group)) for (const name of Object.keys(value)) given[`${group}.${name}`] = value[name];
    else given[group] = value;
  }
  const flat = {};
  const facts = [];
  const number = (at2) => facts.includes(at2) ? facts.indexOf(at2) : facts.push(at2) - 1;
  const signOf = (sign) => {
    if (typeof sign === "number") return [sign];
    const { status, at: at2, is, has: has2 } = sign;
    return is !== void 0 ? [status, number(at2), 1, JSON.stringify(is)] : [status, number(at2), has2 !== void 0 ? 2 : 0, has2];
  };
  const split = (place) => place.split(".").filter(Boolean);
  let without;
  for (const row of FIELDS.split("\n")) {
    const [path, kind, fallback] = row.split(" ");
    const [group, name] = path.split(".");
    if (fallback === void 0 && name && !isObject(root[group])) without = group;
    const isGiven2 = given[path] !== void 0;
    const value = isGiven2 ? given[path] : fallback && JSON.parse(fallback);
    delete given[path];
    if (group === without && path !== "signIn.refused") continue;
    const [expected, check] = KINDS[kind];
    const holds = typeof check === "function" ? check(value) : typeof value === "string" && check.test(value);
    if (!holds && (isGiven2 || !fallback)) note(path, `expected ${expected}, got ${JSON.stringify(value)}`);
    else if (/key|place/.test(kind) && typeof value === "string") flat[path] = split(value);
    else flat[path] = /rule/i.test(kind) && value ? value.map(signOf) : value;
  }
  for (const path of Object.keys(given)) {
    if (given[path] === void 0) continue;
    note(path, isGroup(path) ? "expected an object" : "is not a field of a contract");
  }
  const has = (path) => String(flat[path] ?? "") !== "";
  if (!issues.length) {
    if (!has("refresh.path") && !has("session.path")) note("refresh", "expected it, or a session that is renewed by reading it");
    if (has("access.refreshToken") && !has("refresh.path")) note("access.refreshToken", "expected a refresh that takes it");
    if (has("csrf.path") && !has("csrf.cookie") && !has("csrf.at")) note("csrf", "expected the cookie or the place (at) in which the value comes");
    const isCarried = has("csrf.header") || has("csrf.field");
    if (isCarried && !has("csrf.cookie") && !has("csrf.path")) note("csrf", "expected the cookie, or the path, that the value comes from");
    if (has("csrf.at") && !has("csrf.path")) note("csrf.path", "expected the path whose answer has the value");
    if (!isCarried && (has("csrf.cookie") || has("csrf.path"))) note("csrf", "expected the header or the field that carries the value");
    for (const group of ["refresh", "session", "signIn", "exchange", "signOut"]) {
      const brings = /^(signIn|exchange)$/.test(group) || /^(refresh|signOut)$/.test(group) && has("access.refreshToken");
      const isBodiless = flat[`${group}.method`] === "GET";
      if (isBodiless && (brings || flat[`${group}.extra`])) note(`${group}.method`, "expected one with a body, for the fields to send");
    }
  }
  if (issues.length) throw new RelatchError("InvalidContract", { issues });
  if (!has("refresh.path")) {
    for (const name of ["path", "method", "encoding", "headers", "extra"]) flat[`refresh.${name}`] = flat[`session.${name}`];
    Object.assign(flat, { "refresh.dead": flat["session.none"], bySession: true });
  }
  if (!has("csrf.header") && !has("csrf.field")) flat["csrf.refused"] = [];
  flat["session.user"] ??= flat["user.at"];
  flat["facts"] = facts.map(split);
  return flat;
}
function toldOf(flat) {
  const told = {};
  for (const [path, value] of Object.entries(flat)) {
    if (/^baseUrl$|share|path$|method$|encoding$|by$|Ms$|^by/.test(path)) {
      told[path] = typeof value === "string" ? value.replace(/^https?:\/\/[^/]*|\?.*/g, "") : value;
    }
  }
  return told;
}
function absolute(flat, path, page) {
  const base = String(flat["baseUrl"]).replace(/\/$/, "");
  const url = parse(base + path, page);
  if (url) return url;
  const message = `expected an absolute URL where there is no page, got ${JSON.stringify(base)}`;
  throw new RelatchError("InvalidContract", { issues: [{ path: "contract.baseUrl", message }] });
}
function originsOf(flat, page) {
  const origins = flat["api.origins"];
  return origins.length ? origins : [absolute(flat, "/", page).origin];
}
function resolveContract(flat, page) {
  const resolved = { ...flat, "api.origins": originsOf(flat, page) };
  for (const path of Object.keys(flat)) {
    if (/\.path$/.test(path) && flat[path]) resolved[path] = absolute(flat, flat[path], page).href;
  }
  return resolved;
}
var END = "";
function writeContract(contract, shared) {
  const signs = (path) => {
    const rule = contract[path] ?? [];
    return [rule.length, ...rule.flatMap(([status, fact = -1, kind = 0, text = ""]) => [status, fact + 1, kind, text.replaceAll(END, "\0")])];
  };
  const list = (values) => [values.length, ...values];
  const switches = [
    contract["access.by"] === "cookie",
    contract["bySession"],
    contract["session.path"],
    contract["access.refreshToken"].length,
    shared,
    contract["share"] === "ask"
  ];
  return [
    contract["timeoutMs"],
    contract["leadMs"],
    switches.reduce((bits, isOn, place) => bits | (isOn ? 1 << place : 0), 0),
    ...["refresh.dead", "signIn.refused", "signOut.refused", "signOut.done", "api.expired", "csrf.refused"].flatMap(signs),
    ...list(contract["api.origins"]),
    ...list(OPERATIONS.map((group) => contract[`${group}.path`]).filter(Boolean))
  ].join(END);
}

// src/answer.ts
var isObject2 = (value) => typeof value === "object" && value !== null;
var at = (value, place) => place.reduce((found, key) => isObject2(found) ? found[key] : void 0, value);
var factsOf = (contract, json) => contract["facts"].map((place) => JSON.stringify(at(json, place))).join(END);
function readAnswer(contract, { headers }, json, isSessions) {
  const find = (name) => at(json, contract[name]);
  const findIf = (name) => contract[name].length ? find(name) : void 0;
  const date = headers.get("date");
  const now = date === null ? Date.now() : Date.parse(date);
  const user = find(isSessions ? "session.user" : "user.at");
  const id = at(user, contract["user.id"]);
  return [
    retryAfter(headers.get("retry-after") ?? headers.get(contract["retryAfterHeader"]), now),
    find("access.token"),
    findIf("access.refreshToken"),
    lifetimeIn(contract, json, date),
    /string|number/.test(typeof id) ? String(id) : void 0,
    find("error.at"),
    user,
    // An empty object is nobody.
    isObject2(user) && Object.keys(user).length > 0,
    factsOf(contract, json),
    json !== void 0
  ];
}
function lifetimeIn(contract, json, date) {
  const find = (name) => at(json, contract[name]);
  const now = date === null ? Date.now() : Date.parse(date);
  const expiresIn = find("access.expiresIn");
  if (typeof expiresIn === "number") return expiresIn;
  const end = contract["access.expiresAt"].length ? find("access.expiresAt") : void 0;
  return secondsUntil(end, now) ?? lifeInToken(find("access.token"), date && now);
}
function retryAfter(value, now) {
  if (value === null) return void 0;
  const span = /^\d+$/.test(value) ? Number(value) * 1e3 : Date.parse(value) - now;
  return Number.isFinite(span) ? Math.max(span, 0) : void 0;
}
function secondsUntil(moment, now) {
  if (typeof moment === "string") return (Date.parse(moment) - now) / 1e3;
  return typeof moment === "number" ? (moment < 1e11 ? moment * 1e3 - now : moment - now) / 1e3 : void 0;
}
function lifeInToken(token, now) {
  try {
    const claims = String(token).split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const { exp, iat } = JSON.parse(atob(claims));
    const life = exp - (now && Number.isFinite(now) ? now / 1e3 : iat);
    return typeof exp === "number" && Number.isFinite(life) ? life : void 0;
  } catch {
    return void 0;
  }
}

// src/call.ts
var isA = (value, kind) => typeof value === "object" && Object.prototype.toString.call(value) === `[object ${kind}]`;
var isRequest = (input) => isA(input, "Request");
var isPlain2 = (init) => {
  const prototype = Object.getPrototypeOf(init);
  return prototype === Object.prototype || prototype === null;
};
var isRecord = (headers) => isPlain2(headers) && !(Symbol.iterator in headers);
var isAuthorization = (name) => name.length === 13 && name.toLowerCase() === "authorization";
var pageUrl = () => globalThis.document?.baseURI ?? globalThis.location?.href;
var keepalive = ({ keepalive: keepalive2, referrer, referrerPolicy }) => ({ keepalive: keepalive2, referrer, referrerPolicy });
var Call = class {
  url;
  /** Whether `url` was made by the platform's own parser. */
  isAbsolute;
  /** What `url` is relative to, as of when the call was made. */
  base;
  /** Whether the body is a stream, which cannot be sent twice. */
  isOnce;
  /** Which call of the page it is. */
  id = 0;
  #input;
  /** The caller's, until it has been sent; from then on a copy. */
  #init;
  #isSent = false;
  #isHeld = false;
  #spare;
  /** The caller's headers, where they are neither a plain object nor a list: a copy that is read once. */
  #own;
  constructor(input, init) {
    this.isOnce = isA(init?.body, "ReadableStream");
    if (init && !isPlain2(init)) {
      input = new Request(input, init);
      init = void 0;
    }
    this.#init = init ?? void 0;
    const absolute2 = isRequest(input) ? input.url : input instanceof URL ? input.href : void 0;
    this.isAbsolute = absolute2 !== void 0;
    this.url = absolute2 ?? String(input);
    this.#input = isRequest(input) ? input : this.url;
    this.base = this.isAbsolute ? void 0 : pageUrl();
  }
  get signal() {
    return this.#init?.signal ?? (isRequest(this.#input) ? this.#input.signal : void 0);
  }
  get method() {
    return this.#init?.method ?? (isRequest(this.#input) ? this.#input.method : "GET");
  }
  /** Whether it is to outlive the page. */
  get keepalive() {
    return this.#init?.keepalive ?? (isRequest(this.#input) && this.#input.keepalive);
  }
  /** Whether it changes something (RFC 9110 section 9.2.1). */
  get isUnsafe() {
    return !/^(GET|HEAD|OPTIONS)$/i.test(this.method);
  }
  /** Whether the caller has brought a credential of its own. */
  get hasAuthorization() {
    const headers = this.#init?.headers ?? (isRequest(this.#input) ? this.#input.headers : void 0);
    if (!headers) return false;
    if (isRecord(headers)) return Object.keys(headers).some(isAuthorization);
    if (Array.isArray(headers)) return headers.some(([name]) => isAuthorization(String(name)));
    if (headers instanceof Headers) return headers.has("authorization");
    return (this.#own = new Headers(headers)).has("authorization");
  }
  /** Sends it as it is. */
  sendBare() {
    return fetch(this.#input, this.#own ? { ...this.#init, headers: this.#own } : this.#init);
  }
  /** What it was made with, whatever has become of the document's base. */
  get #target() {
    return this.#spare ?? (this.#isSent && !this.isAbsolute ? new URL(this.url, this.base).href : this.#input);
  }
  /** Takes over a call without a body that could change, which needs no `Request`. */
  #freeze() {
    try {
      this.#input = this.url = new URL(this.url, this.base).href;
    } catch {
      return false;
    }
    this.isAbsolute = true;
    this.#init = { ...this.#init, headers: this.#withHeaders(this.#own ?? this.#init?.headers, {}) };
    return true;
  }
  /** Takes over what it was made with, as `fetch` does at once, before a wait. */
  hold() {
    if (this.#isHeld) return;
    const body = this.#init?.body;
    if (!isRequest(this.#input) && typeof (body ?? "") === "string" && this.#freeze()) return;
    this.#isHeld = true;
    const init = this.#init && { ...this.#init, headers: this.#own ?? this.#init.headers };
    if (ArrayBuffer.isView(body) || isA(body, "ArrayBuffer")) init.body = new Blob([body]);
    const target = this.#target;
    const held = this.#input = new Request(target, isRequest(target) && target.keepalive ? { ...keepalive(target), ...init } : init);
    this.#spare = this.#init = void 0;
    this.url = held.url;
    this.isAbsolute = true;
  }
  /** Sends it with the credential. A body is copied only where it is part of a `Request`. */
  send(more) {
    const init = this.#init;
    const input = this.#target;
    this.#isSent = true;
    if (!isRequest(input)) {
      return fetch(input, this.#init = { ...init, headers: this.#withHeaders(init?.headers, more) });
    }
    const hasBody = !this.isOnce && !/^(GET|HEAD)$/.test(input.method);
    this.#spare = hasBody ? input.clone() : input;
    if (init) return fetch(input, this.#init = { ...init, headers: this.#withHeaders(init.headers ?? input.headers, more) });
    const own = this.#isHeld ? input : new Request(input);
    for (const name of Object.keys(more)) own.headers.set(name, more[name]);
    if (!hasBody) this.#spare = own;
    const given = this.#input;
    return given.keepalive && !own.keepalive ? fetch(own, keepalive(given)) : fetch(own);
  }
  /** A copy of the caller's headers, with ours. */
  #withHeaders(headers, more) {
    const isBearer = headers !== void 0 && Object.keys(more).every(isAuthorization);
    if (headers === void 0 || isBearer && isRecord(headers)) return { ...headers, ...more };
    if (isBearer && Array.isArray(headers)) {
      const kept = headers.filter(([name]) => !isAuthorization(String(name)));
      return [...kept.map(([...pair]) => pair), ...Object.entries(more)];
    }
    const own = this.#own ??= new Headers(headers);
    for (const name of Object.keys(more)) own.set(name, more[name]);
    return own;
  }
};
var canStream;
function sendsStreams() {
  canStream ??= !new Request("data:,", { method: "POST", body: new ReadableStream(), duplex: "half" }).headers.has(
    "content-type"
  );
  return canStream;
}

// src/compose.ts
var AFTER_TIMEOUT_MS = 50;
function compose(contract, group, given, more, headers) {
  const extra = contract[`${group}.extra`];
  const hasBody = (given || extra || Object.keys(more).length > 0) && contract[`${group}.method`] !== "GET";
  const isForm = contract[`${group}.encoding`] === "form";
  const all = new Headers({ accept: "application/json", ...headers });
  if (hasBody) all.set("content-type", isForm ? "application/x-www-form-urlencoded" : "application/json");
  for (const [name, value] of Object.entries(contract[`${group}.headers`] ?? {})) all.set(name, value);
  const fields = { ...extra, ...given, ...more };
  const body = isForm ? new URLSearchParams(fields).toString() : JSON.stringify(fields);
  return [hasBody ? body : void 0, [...all]];
}
var limitOf = (contract, group) => /^(refresh|signOut)$/.test(group) ? null : AbortSignal.timeout(contract["timeoutMs"] + AFTER_TIMEOUT_MS);
function prepare(contract, group, [body, headers], signal) {
  const init = {
    method: contract[`${group}.method`],
    body: body ?? null,
    headers,
    credentials: "include",
    cache: "no-store",
    redirect: "manual"
  };
  const request = new Request(contract[`${group}.path`], init);
  return [request, { keepalive: !signal, signal }];
}
function readableCookie(name) {
  const cookies = (globalThis.document?.cookie ?? "").split("; ");
  const found = cookies.find((cookie) => cookie.startsWith(`${String(name)}=`));
  const value = found?.slice(String(name).length + 1);
  try {
    return value && decodeURIComponent(value);
  } catch {
    return value;
  }
}
async function csrfToken(contract, isRefused) {
  const [cookie, path, at2] = [contract["csrf.cookie"], contract["csrf.path"], contract["csrf.at"]];
  const present = cookie ? readableCookie(cookie) : void 0;
  if (!path || present !== void 0 && !isRefused) return present;
  const response = await fetch(path, {
    credentials: "include",
    cache: "no-store",
    redirect: "manual",
    headers: { accept: "application/json" }
  });
  if (!response.ok) throw { status: response.status };
  let found = at2 ? await response.json().catch(() => null) : readableCookie(cookie);
  for (const key of at2 ?? []) found = found?.[key];
  if (typeof found !== "string") throw { status: 0 };
  return found;
}

// src/queue.ts
var MOST = 256;
var Queue = class {
  #unanswered = 0;
  #waiting = [];
  get isFull() {
    return this.#unanswered >= MOST;
  }
  /** Counts a call that is sent until it is answered. */
  count(sent) {
    this.#unanswered++;
    sent.then(this.#end, this.#end);
    return sent;
  }
  /** Waits until the session has moved, or for a turn where there is none: then it says so, and the turn is to be used or passed on. */
  wait(moved, signal) {
    if (!this.isFull) return abortable(moved, signal);
    let wake;
    const turn = new Promise((resolve) => this.#waiting.push(wake = resolve));
    return abortable(turn, signal).catch((reason) => {
      const place = this.#waiting.indexOf(wake);
      if (place < 0) this.next();
      else this.#waiting.splice(place, 1);
      throw reason;
    });
  }
  /** The session has moved: whoever waits for a turn asks again. */
  flush() {
    for (const wake of this.#waiting.splice(0)) wake(false);
  }
  /** Gives a turn to whoever waits longest. */
  next() {
    this.#waiting.shift()?.(true);
  }
  #end = () => {
    this.#unanswered--;
    this.next();
  };
};
function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

// src/auth-fetch.ts
var PASS = 0;
var SEND = 1;
var BARE = 2;
var WAIT = 3;
var DELIVER = 4;
var RESOLVE = 6;
var ONCE = 1;
var ABSOLUTE = 2;
var CALL = 2;
var LAST_CALL = 2 ** 29 - 1;
var SMALL = 4096;
function openAuthFetch(flat, transport, boot) {
  let client;
  let hasEnded = false;
  let contract = flat;
  let watched = [];
  let asked = [];
  let base;
  let calls = 0;
  const queue = new Queue();
  let bearer;
  let bearerGeneration = 0;
  const NOTHING = {};
  const byCookie = flat["access.by"] === "cookie";
  let resume;
  let moved;
  const nextMove = () => void (moved = new Promise((resolve) => resume = resolve));
  nextMove();
  const syncPage = (live, now) => {
    if (now === base) return;
    base = now;
    const origin = now && new URL(now).origin;
    live.setPage(origin === "null" ? void 0 : origin);
  };
  const credential = (live, call, answer) => {
    const generation = answer >>> 6;
    if (bearer === void 0 || bearerGeneration !== generation) {
      const authorization = byCookie ? void 0 : live.header();
      bearer = authorization === void 0 ? NOTHING : { authorization };
      bearerGeneration = generation;
    }
    return withProof(call, bearer);
  };
  const send = (live, call, answer) => {
    const headers = credential(live, call, answer);
    if (!transport?.call) return queue.count(call.send(headers));
    call.hold();
    return queue.count(transport.call(call, headers));
  };
  const withProof = (call, headers) => {
    const header = contract["csrf.header"];
    const token = header && call.isUnsafe ? readableCookie(contract["csrf.cookie"]) : void 0;
    return token === void 0 ? headers : { ...headers, [header]: token };
  };
  const sendBare = (call) => {
    const headers = withProof(call, NOTHING);
    return headers === NOTHING ? call.sendBare() : call.send(headers);
  };
  const factsIn = async (response) => {
    const isJson = /\bjson\b|^$/i.test(response.headers.get("content-type") ?? "");
    if (!isJson || !asked.includes(response.status)) return "";
    return factsOf(contract, await response.clone().json().catch(() => void 0));
  };
  const isWatched = ({ status, redirected, url }) => watched.includes(status) && !(redirected && !originsOf(contract, pageUrl()).includes(new URL(url).origin));
  const startCall = (live, call) => {
    if (call.hasAuthorization) return PASS;
    call.id = calls = calls + 1 & LAST_CALL;
    const flags = (call.isOnce ? ONCE : 0) | call.id << CALL;
    if (!call.isAbsolute) syncPage(live, call.base);
    const answer = live.start(call.url, flags | (call.isAbsolute ? ABSOLUTE : 0));
    if ((answer & 7) !== RESOLVE) return answer;
    try {
      return live.start(new URL(call.url, call.base).href, flags | ABSOLUTE);
    } catch {
      return PASS;
    }
  };
  const authFetch = (input, init) => {
    try {
      const call = new Call(input, init);
      const live = client;
      if (!live) return startLater(call);
      const answer = startCall(live, call);
      if ((answer & 7) !== SEND || call.isOnce) return drive(live, call, answer);
      if (queue.isFull && !call.keepalive) return drive(live, call, answer | WAIT);
      return send(live, call, answer).then(
        (response) => watched.includes(response.status) ? drive(live, call, answer, response) : response
      );
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const isForeign = ({ url, base: base2 }) => {
    try {
      return !originsOf(flat, pageUrl()).includes(new URL(url, base2).origin);
    } catch {
      return false;
    }
  };
  const startLater = async (call) => {
    if (!hasEnded && (call.hasAuthorization || isForeign(call))) return call.sendBare();
    call.hold();
    const live = await abortable(boot(), call.signal);
    return drive(live, call, startCall(live, call));
  };
  const drive = async (live, call, answer, response) => {
    let isNew = response !== void 0;
    for (; ; ) {
      if (isNew) {
        if (!isWatched(response)) return response;
        const facts = await factsIn(response);
        answer = live.response(answer >>> 3, response.status, response.headers.get("www-authenticate") ?? "", facts, call.id);
        isNew = false;
      }
      switch (answer & 7) {
        case PASS:
          return call.sendBare();
        case BARE:
          return sendBare(call);
        case SEND:
          if (call.isOnce && !sendsStreams()) throw new RelatchError("StreamBodyUnsupported");
          if (response) drop(response);
          response = await send(live, call, answer);
          isNew = true;
          break;
        case WAIT: {
          call.hold();
          const hasTurn = await queue.wait(moved, call.signal);
          const next = live.resume(answer >>> 3, call.id);
          const isSent = (next & 7) === SEND;
          if (isSent && !hasTurn && queue.isFull && !call.keepalive) break;
          if (hasTurn && !isSent && (next & 7) !== WAIT) queue.next();
          answer = next;
          break;
        }
        case DELIVER:
          return response;
        default:
          throw errorOf(live.problem());
      }
    }
  };
  return {
    fetch: authFetch,
    start(live, resolved) {
      client = live;
      contract = resolved;
      const expired = contract["api.expired"];
      watched = expired.map(([status]) => status);
      asked = expired.filter(([, fact]) => fact !== void 0).map(([status]) => status);
    },
    moved: () => moved,
    move() {
      bearer = void 0;
      const wake = resume;
      nextMove();
      wake();
      queue.flush();
    },
    forget() {
      bearer = void 0;
    },
    end() {
      hasEnded = true;
      client = bearer = void 0;
    }
  };
}
function drop(response) {
  const isSmall = Number(response.headers.get("content-length") ?? Infinity) <= SMALL;
  if (!isSmall) response.arrayBuffer().catch(() => {
  });
}

// src/callbacks.ts
function attempt(act) {
  try {
    return act();
  } catch (error) {
    reportError(error);
    return void 0;
  }
}
function tell(callbacks, last, next, isGiven2) {
  const hasToken = isGiven2 || last.refreshing && !next.refreshing;
  const wasRenewed = hasToken && last.status === "authenticated" && !next.error;
  if (wasRenewed && next.status === "authenticated") attempt(() => callbacks.onRefreshed?.(next.data));
  if (next.status === "unauthenticated" && last.status !== "unauthenticated" && next.reason) {
    const { reason } = next;
    attempt(() => callbacks.onSignedOut?.(reason));
  }
  if (next.error && next.error !== last.error) attempt(() => callbacks.onError?.(next.error));
}

// src/tabs.ts
var FORM = 1;
var LOCKED = 0;
var WRITTEN = 1;
var OVERTAKEN = 2;
var READ = 3;
var AWAITED = 13;
var LOST = 14;
var STAMP_LENGTH = 10;
var STORE_WAIT_MS = 1e3;
var canShare = () => {
  try {
    return globalThis.origin !== "null" && !!globalThis.navigator?.locks && !!globalThis.indexedDB;
  } catch {
    return false;
  }
};
function openTabs(backend, listener) {
  const name = `relatch:${FORM}:${backend}`;
  const lock = `relatch:${backend}`;
  const waiting = /* @__PURE__ */ new Map();
  let db;
  let isClosed = false;
  let current;
  let unkept;
  const found = (what, record, ticket = 0, isOwn2 = false) => listener()?.found(what, record, ticket, isOwn2);
  let channel = globalThis.BroadcastChannel && new BroadcastChannel(name);
  if (channel) {
    channel.onmessage = ({ data }) => {
      const { kind, stamp, bearer, left, user } = data ?? {};
      if (typeof kind !== "number" || !Array.isArray(stamp)) return;
      listener()?.heard(kind, stamp, bearer, left, user);
    };
  }
  const lost = () => {
    db = void 0;
    listener()?.hint(LOST, 0);
  };
  const store = () => isClosed ? Promise.reject(new Error("closed")) : db ??= openStore(lost);
  store().catch(() => {
  });
  const transact = (mode, act) => {
    const attempt2 = (db2) => new Promise((resolve, reject) => {
      const run = db2.transaction("stamps", mode);
      const store2 = run.objectStore("stamps");
      const stands = store2.get(name);
      stands.onsuccess = () => {
        const stood = stands.result ?? [];
        const present = unkept?.over === stood.join() ? unkept.record : stood;
        resolve(present);
        act?.({ store: store2, stood, present });
        run.commit();
      };
      run.onabort = run.onerror = () => reject(run.error);
    });
    const work = store().then(attempt2).catch(() => {
      db = void 0;
      return store().then(attempt2);
    });
    let timer;
    const late = new Promise((_, reject) => timer = setTimeout(reject, STORE_WAIT_MS));
    return Promise.race([work, late]).finally(() => clearTimeout(timer)).catch((error) => {
      db = void 0;
      throw error;
    });
  };
  const isOwn = ([generation], isWritten = false) => {
    try {
      if (isWritten) sessionStorage.setItem(name, String(generation));
      return sessionStorage.getItem(name) === String(generation);
    } catch {
      return true;
    }
  };
  const unlock = (ticket) => {
    waiting.get(ticket)?.abort();
    waiting.delete(ticket);
  };
  return {
    unlock,
    lock(ticket, steal) {
      unlock(ticket);
      const abort = new AbortController();
      const { signal } = abort;
      waiting.set(ticket, abort);
      const freed = new Promise((resolve) => signal.onabort = resolve);
      let isTold = false;
      const locked = (record) => {
        if (isTold || signal.aborted) return;
        isTold = true;
        found(LOCKED, record, ticket, isOwn(record));
      };
      const held = async () => {
        const act = (open) => {
          current = open;
          locked(open.present);
          current = void 0;
        };
        if (!signal.aborted) await transact("readwrite", act).catch(() => locked([]));
        await freed;
      };
      navigator.locks.request(lock, steal ? { steal } : { signal }, held).catch((error) => {
        if (error?.name !== "AbortError") locked([]);
      });
    },
    readStamp() {
      transact("readonly").catch(() => []).then((record) => found(READ, record));
    },
    writeStamp(ticket, seen, record) {
      const wanted = seen.join();
      const next = [...record];
      let stands = [];
      let may = false;
      const write = (open) => {
        stands = open.present;
        may = stands.slice(0, STAMP_LENGTH).join() === wanted;
        if (!may) return;
        open.present = next;
        unkept = { over: open.stood.join(), record: next };
        open.store.transaction.oncomplete = () => unkept = void 0;
        open.store.put(next, name);
        if (stands[0] !== next[0]) isOwn(next, true);
      };
      const waiting2 = !current && navigator.locks.query().then(({ pending }) => pending.some(({ name: name2 }) => name2 === lock), () => false);
      Promise.all([current ? write(current) : transact("readwrite", write), waiting2]).then(
        ([, isAwaited]) => {
          if (isAwaited) listener()?.hint(AWAITED, 0);
          found(may ? WRITTEN : OVERTAKEN, stands, ticket);
        },
        // No store: this tab is on its own, under the lock.
        () => found(WRITTEN, [], ticket)
      );
    },
    tell(kind, stamp, bearer, left, user) {
      channel?.postMessage({ kind, stamp: [...stamp], bearer, left, user });
    },
    close() {
      for (const ticket of [...waiting.keys()]) unlock(ticket);
      isClosed = true;
      channel?.close();
      channel = void 0;
      db?.then((db2) => db2.close(), () => {
      });
    }
  };
}
function openStore(lost) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("relatch", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("stamps");
    request.onerror = request.onblocked = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      request.result.onclose = lost;
      resolve(request.result);
    };
  });
}

// src/session.ts
var BEGIN = 0;
var TICK = 1;
var SHOWN = 2;
var HIDDEN = 3;
var LEAVING = 4;
var RESTORED = 5;
var ONLINE = 6;
var DISPOSE = 7;
var ASK = 8;
var REFRESH = 0;
var READ_SESSION = 1;
var SIGN_IN = 2;
var EXCHANGE = 3;
var SIGN_OUT = 4;
var LONGEST_PAUSE_MS = 6e4;
var INITIAL = {
  status: "loading",
  data: null,
  reason: null,
  freshness: "fresh",
  error: null,
  refreshing: false
};
function openSession(options, startCore) {
  const flat = checkContract(options?.contract);
  const exposes = options.exposeAccessToken === true;
  const { transport } = options;
  let client;
  let booting;
  let tabs;
  let disposed = false;
  let failures = 0;
  let asks = 0;
  const asked = /* @__PURE__ */ new Map();
  let answer;
  let timer;
  let contract = flat;
  let state = INITIAL;
  const listeners = /* @__PURE__ */ new Set();
  const cleanups = [];
  const change = (next, isGiven2 = false) => {
    const last = state;
    state = next;
    if (next.error !== last.error && next.error?.code === "Misconfigured") console.error(next.error);
    tell(options, last, next, isGiven2);
    for (const listener of [...listeners]) if (listeners.has(listener)) attempt(() => listener(state));
  };
  const errorFrom = (next) => {
    const { error } = state;
    const isSame = error?.code === next.code && error.status === next.status && error.retryAfterMs === next.retryAfterMs;
    return isSame ? error : next;
  };
  let mapped;
  const dataOf = (user) => {
    const text = JSON.stringify(user);
    if (!mapped || mapped.text !== text) {
      const own = options.mapSession && attempt(() => options.mapSession(user));
      mapped = { user, text, data: own ?? { user } };
    }
    if (!exposes) return mapped.data;
    const last = state.data;
    const accessToken = client?.header()?.slice("Bearer ".length) ?? last?.accessToken;
    const isSame = last && last === mapped.shown && last.accessToken === accessToken;
    return isSame ? last : mapped.shown = { ...mapped.data, accessToken };
  };
  const expose = () => {
    if (state.status !== "authenticated" || disposed || !mapped) return;
    const data = dataOf(mapped.user);
    if (data !== state.data) change({ ...state, data });
  };
  const tab = Math.random().toString(36).slice(2, 8);
  const numbers = (since) => client?.record(globalThis.navigator?.onLine !== false, since);
  const host = {
    recorded: () => attempt(() => options.onRecords(session)),
    publish(bits, problem, user) {
      calls.forget();
      const told = stateOf(bits);
      const data = told.status === "authenticated" ? dataOf(user) : null;
      if (!data) mapped = void 0;
      change({ ...told, data, error: problem && errorFrom(errorOf(problem)) }, isGiven(bits));
    },
    resume() {
      calls.move();
      if (exposes) queueMicrotask(expose);
    },
    settle(ask2, problem) {
      asked.get(ask2)?.settle(problem && errorOf(problem, answer));
      asked.delete(ask2);
    },
    arm(delay) {
      clearTimeout(timer);
      timer = delay < 0 ? void 0 : setTimeout(() => client?.hint(TICK, 0), delay);
    },
    compose(operation, ask2, refreshToken, key, needsProof) {
      const by = asked.get(ask2);
      const fields = by?.fields;
      if (by && (needsProof || !contract["csrf.refused"].length)) by.fields = void 0;
      return composed(OPERATIONS[operation], fields, refreshToken, key, needsProof).catch((error) => [, , , error?.status]);
    },
    async read(response, operation, isPage) {
      const isSessions = operation === READ_SESSION || operation === REFRESH && contract["bySession"] === true;
      const json = isPage ? void 0 : await response.json().catch((error) => {
        if (error?.name !== "SyntaxError") throw error;
      });
      const found = readAnswer(contract, response, json, isSessions);
      if (operation === SIGN_IN || operation === EXCHANGE) answer = found[1] ? void 0 : json;
      return found;
    }
  };
  const composed = async (group, fields, refreshToken, key, needsProof) => {
    const limit = limitOf(contract, group);
    const carried = await transport?.request(group, fields, refreshToken);
    if (carried) return [, , carried];
    const more = {};
    const headers = {};
    if (refreshToken !== void 0 && /^(refresh|signOut)$/.test(group)) more[String(contract["refresh.field"])] = refreshToken;
    const { "csrf.header": header, "csrf.field": field } = contract;
    if ((header || field) && contract[`${group}.method`] !== "GET") {
      const token = await csrfToken(contract, needsProof);
      if (token !== void 0 && header) headers[header] = token;
      if (token !== void 0 && field) more[field] = token;
    }
    const keyHeader = contract[`${group}.idempotencyHeader`];
    if (keyHeader) headers[keyHeader] = `"${key.toString(16).padStart(16, "0")}"`;
    return prepare(contract, group, compose(contract, group, fields, more, headers), limit);
  };
  const listen = (target, type, act) => {
    target?.addEventListener?.(type, act);
    cleanups.push(() => target?.removeEventListener?.(type, act));
  };
  const start = async () => {
    const isMine = flat["access.refreshToken"].length > 0;
    const shared = canShare() && !isMine;
    const resolved = resolveContract(flat, pageUrl());
    if (shared) tabs = openTabs(String(resolved["refresh.path"]), () => client);
    const Core = await startCore();
    if (disposed) throw new RelatchError("Disposed");
    if (!shared && !isMine && globalThis.location) {
      console.info("relatch: no Web Locks or IndexedDB here (an insecure origin?), so each tab works on its own");
    }
    contract = resolved;
    const live = new Core(writeContract(contract, shared), { ...host, ...tabs }, Math.min(options.records ?? 256, 65535), !!options.onRecords);
    client = live;
    calls.start(live, contract);
    const doc = globalThis.document;
    const look = () => live.hint(doc?.visibilityState === "hidden" ? HIDDEN : SHOWN, 0);
    listen(doc, "visibilitychange", look);
    listen(globalThis, "pagehide", () => live.hint(LEAVING, 0));
    listen(globalThis, "pageshow", (event) => event.persisted && live.hint(RESTORED, 0));
    listen(globalThis, "online", () => live.hint(ONLINE, 0));
    look();
    return live;
  };
  const boot = () => {
    if (disposed) return Promise.reject(new RelatchError("Disposed"));
    if (!booting && state.error) change({ ...state, refreshing: true });
    booting ??= start().catch((error) => {
      booting = void 0;
      tabs?.close();
      const known = errorFrom(error instanceof RelatchError ? error : new RelatchError("ModuleUnavailable", { cause: error }));
      if (!disposed) change({ ...state, error: known, refreshing: false });
      clearTimeout(timer);
      if (listeners.size) timer = setTimeout(() => listeners.size && begin(), Math.min(1e3 * 2 ** failures++, LONGEST_PAUSE_MS));
      throw known;
    });
    return booting;
  };
  const begin = () => void boot().then((live) => live.hint(BEGIN, 0), () => {
  });
  const ask = async (operation, fields) => {
    if (operation > READ_SESSION && flat[`${OPERATIONS[operation]}.path`] === void 0) throw new RelatchError("NotSupported");
    const live = await boot();
    return new Promise((settle) => {
      asked.set(++asks, { fields, settle });
      live.hint(ASK + operation, asks);
    });
  };
  const renew = async (operation) => {
    const error = await ask(operation);
    if (error && error.code !== "SessionEnded") throw error;
    return state.data;
  };
  const enter = (operation, fields) => {
    try {
      if (!transport && flat[`${OPERATIONS[operation]}.encoding`] !== "form") JSON.stringify(fields);
    } catch (error) {
      return Promise.reject(error);
    }
    return ask(operation, fields ?? {}).then((error) => {
      if (error) throw error;
      const data = state.data;
      attempt(() => options.onSignIn?.(data));
      return data;
    });
  };
  const calls = openAuthFetch(flat, transport, boot);
  const session = {
    fetch: calls.fetch,
    getState: () => state,
    async get() {
      const live = await boot();
      live.hint(BEGIN, 0);
      while (state.status === "loading") {
        if (disposed) throw new RelatchError("Disposed");
        if (state.error && !state.refreshing) throw state.error;
        await calls.moved();
      }
      return state.data;
    },
    signIn: (credentials) => enter(SIGN_IN, credentials),
    exchange: (fields) => enter(EXCHANGE, fields),
    async signOut() {
      const error = await ask(SIGN_OUT);
      return { confirmed: !error, error };
    },
    refresh: () => renew(REFRESH),
    update: () => renew(READ_SESSION),
    subscribe(listener) {
      listeners.add(listener);
      begin();
      listener(state);
      return () => void listeners.delete(listener);
    },
    inspect() {
      const [, , had, left, due, , , , , , generation = 0, , isOwn] = numbers(NONE) ?? [];
      const source = recorded(had) === null ? null : isOwn ? "own" : "tab";
      return { generation, expiresInMs: recorded(left), dueInMs: recorded(due), source };
    },
    record: (since) => ({ tab, isDisposed: disposed, contract: toldOf(flat), numbers: numbers(since) }),
    dispose() {
      if (disposed) return;
      disposed = true;
      calls.end();
      listeners.clear();
      clearTimeout(timer);
      for (const clean of cleanups.splice(0)) clean();
      client?.hint(DISPOSE, 0);
      tabs?.close();
    }
  };
  return session;
}

// src/rust.ts
function createSession(options, core) {
  function Core(...given) {
    return core(...given);
  }
  return openSession(options, () => Promise.resolve(Core));
}
export {
  cookieRefresh,
  createSession
};
