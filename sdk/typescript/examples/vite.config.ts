import { join } from "node:path";
import { defineConfig } from "vite";

// A page of your own needs none of this: its bundler finds the package in node_modules.
const source = (path: string) => join(import.meta.dirname, "../src", path);
export default defineConfig({
  root: import.meta.dirname,
  resolve: { alias: [{ find: /^@muster\/client\/sim$/, replacement: source("sim/index.ts") }, { find: /^@muster\/client$/, replacement: source("index.ts") }] },
  build: { target: "es2022", outDir: join(import.meta.dirname, "dist"), emptyOutDir: true },
  server: { proxy: Object.fromEntries(["/api", "/.well-known"].map((path) => [path, process.env["MUSTER_URL"] ?? "http://127.0.0.1:8080"])) },
});
