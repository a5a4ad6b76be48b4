// What the tests use in the page. It records what an application could see.
"use strict";

window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
window.rejections = [];
addEventListener("unhandledrejection", (event) => rejections.push(String(event.reason)));

/** A session with the example backend, whose states are kept. */
window.open_ = (changes = {}, options = {}) => {
  window.session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth", ...changes }), ...options });
  window.states = [];
  session.subscribe((state) => states.push(state));
  return session;
};

/** How a promise ends, as data. */
window.outcome = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ name: error?.name, code: error?.code, message: String(error?.message ?? error), status: error?.status }),
  );

window.statusOf = (promise) => outcome(promise.then((response) => response.status));
