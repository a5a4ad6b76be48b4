// Serves next-auth v4 without Next: an Express handler that does what Next does before it calls an API route.
import cookieParser from "cookie-parser";
import express from "express";
import NextAuth from "next-auth";

/** The API route `pages/api/auth/[...nextauth].js`, to be mounted at `/api/auth`. */
export function apiRoute(options) {
  const route = (request, response) => {
    const query = { ...request.query, nextauth: request.path.split("/").filter(Boolean) };
    // In Express 5 the query is a getter.
    Object.defineProperty(request, "query", { value: query });
    return NextAuth.default(request, response, options);
  };
  return [cookieParser(), express.json(), express.urlencoded({ extended: false }), route];
}
