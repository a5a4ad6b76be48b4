// What the React tests use in the page, from the packed package. Components are written in the tests themselves.
import * as React from "react";
import { flushSync } from "react-dom";
import { createRoot, hydrateRoot } from "react-dom/client";
import * as relatch from "relatch";
import { SessionProvider, useAuthFetch, useSession } from "relatch/react";
import { shown, View } from "./view.mjs";

const h = React.createElement;

/** A session with the example backend, or with another one. */
const open = (baseUrl = "/auth") => relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl }) });

/** Renders an element into a container of its own, at once. */
function mount(element, options) {
  const container = document.body.appendChild(document.createElement("div"));
  const root = createRoot(container, options);
  const show = (next) => flushSync(() => root.render(next));
  show(element);
  return { container, show, unmount: () => flushSync(() => root.unmount()) };
}

/** Waits until something is so. */
async function until(condition, what = String(condition)) {
  for (const from = performance.now(); !(await condition()); ) {
    if (performance.now() - from > 20_000) throw new Error(`has not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Lets everything happen that is on its way: effects, messages, and a call to the server and back. */
async function settle(session) {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setTimeout(resolve, 20));
  await session.fetch("/api/notes");
}

/** Says which error what is in it has thrown; `retry()` renders it again. */
class Boundary extends React.Component {
  state = { error: null };
  static getDerivedStateFromError = (error) => ({ error });
  render() {
    globalThis.retry = () => this.setState({ error: null });
    return this.state.error ? `failed: ${this.state.error.code}` : this.props.children;
  }
}

/** A component that counts its renders and keeps what it saw in the last one. */
function counter(read, options) {
  const seen = { renders: 0, last: undefined };
  const Component = () => {
    seen.renders++;
    seen.last = read(useSession(options));
    return null;
  };
  return Object.assign(seen, { Component });
}

Object.assign(globalThis, { React, h, hydrateRoot, relatch, SessionProvider, useAuthFetch, useSession });
Object.assign(globalThis, { View, shown, open, mount, until, settle, counter, Boundary });

globalThis.warnings = [];
for (const level of ["error", "warn"]) console[level] = (...words) => warnings.push(words.map(String).join(" "));
globalThis.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
