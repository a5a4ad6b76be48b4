// What the story does in a page. It records what an application could see.
"use strict";

/** A session with the backend, whose states are kept. */
window.open_ = (contract) => {
  window.session = relatch.createSession({ contract });
  window.states = [];
  session.subscribe((state) => states.push(state));
  return session;
};

/** How a promise ends, as data. */
window.outcome = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ((window.lastError = error), { code: error?.code, message: String(error?.message ?? error) }),
  );

/** This many calls at once: their statuses, and the state after them. */
window.callsOf = async (path, count) => {
  const answers = await Promise.all(Array.from({ length: count }, () => outcome(session.fetch(path).then(({ status }) => status))));
  return { answers: answers.map((answer) => answer.value ?? answer.code), status: session.getState().status };
};

/** How often the session came to its end. */
window.endings = () =>
  states.filter(({ status }, at) => status === "unauthenticated" && states[at - 1]?.status === "authenticated").length;
