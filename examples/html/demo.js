"use strict";

const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });

const CALLS = 20;
const LOG_LINES = 50;
const EXPIRE_HINT = "The server will refuse it, and this page is not told.";

const $ = (id) => document.getElementById(id);

function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

function timeOf(date) {
  return element("time", "", date.toLocaleTimeString([], { hour12: false }));
}

/** Makes an element. Text goes in as text: what users wrote never becomes markup. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

// ── The session ─────────────────────────────────────────────────────────────────────────────────

let last = session.getState();
let generation = 0;
let life = 0; // of the present token, in milliseconds

function onState(state) {
  const before = last;
  last = state;
  $("status").textContent = state.status;
  $("status").dataset.status = state.status;
  tell(before, state);
  showProblem(state);
  if (state.data?.user.id !== before.data?.user.id) forget();
  if (state.status !== before.status || state.data !== before.data) showView(state);
  showToken();
}

/** Puts into words what has changed. */
function tell(before, { status, data, reason, refreshing, error }) {
  if (refreshing && !before.refreshing) log(status === "loading" ? "Asking who is signed in" : "Refreshing", "busy");
  if (error && (error.code !== before.error?.code || (before.refreshing && !refreshing))) log(error.message, "problem");
  if (status === before.status) return;
  if (status === "authenticated") log(`Signed in as ${data.user.name}`, "good");
  else if (reason === "signedOut") log("Signed out");
  else if (reason === "expired") log("The session has ended at the server", "problem");
  else log("Nobody is signed in");
}

function showProblem({ status, error, freshness, refreshing }) {
  const trouble = error !== null && (freshness !== "fresh" || status === "loading");
  $("problem").hidden = !trouble;
  $("problem").textContent = trouble ? error.message : "";
  $("again").hidden = !trouble || refreshing;
}

function showView({ status, data, reason }) {
  const focusedIn = document.activeElement?.closest("#signed-in-view, #signed-out-view");
  $("loading-view").hidden = status !== "loading";
  $("signed-out-view").hidden = status !== "unauthenticated";
  $("signed-in-view").hidden = status !== "authenticated";
  $("reason").hidden = reason === null;
  $("reason").textContent = reason === "expired" ? "Your session has ended. Sign in again." : "You are signed out.";
  showUser(data?.user ?? { name: "", email: "" });
  // Whoever was in the view that is gone now is led on, not dropped at the top of the page.
  if (focusedIn?.hidden) $(status === "authenticated" ? "name" : "welcome").focus();
  if (status === "authenticated") loadNotes();
  else showNotes([]);
}

/** What one user has typed is not for the next. */
function forget() {
  for (const id of ["sign-in", "note-form"]) $(id).reset();
}

function showUser({ name, email }) {
  $("name").textContent = name;
  $("mail").textContent = email ?? "";
  $("avatar").textContent = name.split(/\s+/, 2).map((word) => word.charAt(0)).join("").toUpperCase();
}

// ── The token, in numbers ───────────────────────────────────────────────────────────────────────

function showToken() {
  const now = session.inspect();
  if (now.generation !== generation) newGeneration(now);
  const known = now.expiresInMs !== null && life > 0;
  $("seconds").textContent = known ? Math.ceil(now.expiresInMs / 1000) : "–";
  $("due").textContent = last.refreshing ? "under way" : known ? `in ${Math.ceil(now.dueInMs / 1000)} s` : "–";
  $("life").style.strokeDashoffset = known ? 100 - (100 * now.expiresInMs) / life : 100;
  if (now.dueInMs > 0) $("due-mark").setAttribute("transform", `rotate(${(360 * (now.expiresInMs - now.dueInMs)) / life} 60 60)`);
}

function newGeneration(now) {
  generation = now.generation;
  life = now.expiresInMs ?? 0;
  $("generation").textContent = generation;
  $("expire-result").textContent = EXPIRE_HINT;
  if (last.status !== "authenticated") return;
  log(`Token ${generation} is here`, "good");
  $("token").classList.add("flash");
}

$("token").addEventListener("animationend", () => $("token").classList.remove("flash"));

// ── The log ─────────────────────────────────────────────────────────────────────────────────────

function log(text, kind = "plain") {
  $("log").prepend(element("li", kind, timeOf(new Date()), element("span", "", text)));
  $("log").children[LOG_LINES]?.remove();
  $("announcer").textContent = text;
}

/**
 * `session.fetch` hides that a call was refused and sent again; the browser's own record has it. Returns what tells at once
 * of those that it has.
 */
function watchRefusals() {
  const refused = ({ name, responseStatus }) => responseStatus === 401 && new URL(name).pathname.startsWith("/api/");
  let count = 0;
  let timer;
  const tellAll = () => {
    clearTimeout(timer);
    if (count > 0) log(`${plural(count, "call")} had been refused at first (401)`, "busy");
    count = 0;
  };
  const add = (entries) => {
    count += entries.filter(refused).length;
    clearTimeout(timer);
    timer = setTimeout(tellAll, 100);
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: "resource" });
  return () => {
    add(observer.takeRecords());
    tellAll();
  };
}

// ── What people do ──────────────────────────────────────────────────────────────────────────────

/** Runs an action once at a time. The control stays enabled: a disabled one would lose the focus. */
function on(id, event, action, failed = logFailure) {
  let busy = false;
  $(id).addEventListener(event, async (happened) => {
    if (event === "submit") happened.preventDefault();
    if (busy) return;
    busy = true;
    $(id).setAttribute("aria-busy", "true");
    try {
      await action();
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
      $(id).removeAttribute("aria-busy");
    }
  });
}

function logFailure(error) {
  // What relatch ran into is in the state, and logged from there.
  if (!relatch.isRelatchError(error)) log(error.message, "problem");
}

async function signIn() {
  refuse("");
  await session.signIn({ email: $("email").value, password: $("password").value });
}

function signInFailed(error) {
  const wrong = relatch.isRelatchError(error, "BadCredentials");
  refuse(wrong ? "This email address and password do not belong together." : error.message);
  if (wrong) $("password").select();
}

function refuse(message) {
  $("sign-in-error").textContent = message;
  $("password").setAttribute("aria-invalid", message !== "");
}

async function signOut() {
  const { confirmed } = await session.signOut();
  if (!confirmed) log("The server has not confirmed the sign-out; it will be told again", "problem");
}

async function expire() {
  await answered(await fetch("/test/expire-access", { method: "POST" }));
  log("You expired the token", "busy");
  $("expire-result").textContent = "Done. The next call will be refused once, wait for a refresh, and be sent again. Make one!";
}

async function burst() {
  const cells = freshCells();
  $("burst-result").textContent = "Calling…";
  const before = await counters();
  const statuses = await Promise.all(cells.map(callFor));
  const after = await counters();
  const fine = statuses.filter((status) => status === 200).length;
  const refreshes = after.refresh.requests - before.refresh.requests;
  const result = `${CALLS} calls, ${fine} answered 200, ${plural(refreshes, "refresh", "refreshes")} at the server`;
  $("burst-result").textContent = `${result}.`;
  tellRefusals();
  log(result, fine === CALLS ? "good" : "problem");
}

function burstFailed(error) {
  $("burst-result").textContent = `Not counted: ${error.message}`;
  logFailure(error);
}

function freshCells() {
  const cells = Array.from({ length: CALLS }, () => element("li", ""));
  $("cells").replaceChildren(...cells);
  return cells;
}

async function callFor(cell) {
  const status = await session.fetch("/api/notes").then((response) => response.status, () => 0);
  cell.className = status === 200 ? "good" : "bad";
  return status;
}

async function counters() {
  return (await answered(await fetch("/test/counters"))).json();
}

function answered(response) {
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response;
}

// ── Notes ───────────────────────────────────────────────────────────────────────────────────────

async function loadNotes() {
  const { data } = last;
  try {
    const notes = await answered(await session.fetch("/api/notes")).json();
    if (last.data !== data) return; // another user by now
    showNotes(notes);
    $("notes-empty").hidden = $("notes").childElementCount > 0;
    notesFailed({ message: "" });
  } catch (error) {
    notesFailed(error);
  }
}

function showNotes(notes) {
  const row = ({ text, createdAt }) => element("li", "", text, timeOf(new Date(createdAt)));
  $("notes").replaceChildren(...notes.map(row).reverse());
  $("notes-empty").hidden = true;
}

async function addNote() {
  const body = JSON.stringify({ text: $("note-text").value });
  answered(await session.fetch("/api/notes", { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  $("note-text").value = "";
  await loadNotes();
}

function notesFailed({ message }) {
  $("notes-error").textContent = message;
}

// ── Start ───────────────────────────────────────────────────────────────────────────────────────

on("sign-in", "submit", signIn, signInFailed);
on("sign-out", "click", signOut);
on("again", "click", () => session.refresh());
on("expire", "click", expire);
on("burst", "click", burst, burstFailed);
on("refresh", "click", () => session.refresh());
on("note-form", "submit", addNote, notesFailed);
on("reload", "click", loadNotes);

freshCells();
const tellRefusals = watchRefusals();
session.subscribe(onState);
relatchDevtools.showDevtools(session);
setInterval(showToken, 250);
