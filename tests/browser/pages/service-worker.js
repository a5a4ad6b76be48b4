// Stands between the page and the network, and passes everything on. As `?keeps` it answers each refresh with the first
// answer, as a careless cache does. `/seen` tells what it was asked.
"use strict";

const keeps = location.search === "?keeps";
const seen = [];
let kept;

oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(clients.claim());

onfetch = (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === "/seen") return event.respondWith(Response.json(seen));
  seen.push(pathname);
  event.respondWith(keeps && pathname === "/auth/refresh" ? keep(event.request) : fetch(event.request));
};

const keep = async (request) => {
  kept ??= fetch(request);
  return (await kept).clone();
};
