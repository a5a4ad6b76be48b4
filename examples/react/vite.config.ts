import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the backend is behind Vite, so that page and API have one origin, as they have in production.
const backend = process.env["BACKEND"] ?? "http://localhost:4460";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/auth": backend, "/api": backend } },
});
