"use strict";

importScripts("/relatch/relatch.global.js");

onmessage = async ({ data: user }) => {
  const session = relatch.createSession({ contract: relatch.cookieRefresh({ baseUrl: "/auth" }) });
  const { user: signedIn } = await session.signIn(user);
  const { status } = await session.fetch("/api/notes");
  postMessage({ status, email: signedIn.email });
};
