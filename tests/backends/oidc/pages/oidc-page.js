// The story's page, with a session at an OpenID provider.
"use strict";

/** A session with the provider, whose states are kept. */
window.open_ = (options) => {
  localStorage.options = JSON.stringify(options);
  window.session = relatchOidc.createOidcSession(options);
  window.states = [];
  session.subscribe((state) => states.push(state));
  return session;
};
