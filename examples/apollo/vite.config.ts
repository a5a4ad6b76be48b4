import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The backend and the GraphQL server are behind Vite, so that page and API have one origin, as they have in production.
// `vite preview` takes the same.
const backend = process.env["BACKEND"] ?? "http://localhost:4460";
const graphql = process.env["GRAPHQL"] ?? "http://localhost:4470";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/auth": backend, "/api/graphql": graphql } },
});
