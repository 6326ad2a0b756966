/// <reference types="vitest/config" />
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defaultClientConditions, defaultServerConditions, defineConfig, type Plugin } from "vite";

/** Writes `name.gz` beside every text file of the build: the coordinator serves those as they are. */
function precompressed(): Plugin {
  let folder = "dist";
  return {
    name: "precompressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [precompressed()],
  // The client package is built along, from its sources.
  resolve: { conditions: ["muster-source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["muster-source", ...defaultServerConditions] } },
  build: {
    target: "es2022", cssTarget: ["chrome123", "firefox121", "safari17.5"], sourcemap: false, reportCompressedSize: false, chunkSizeWarningLimit: 1_000,
    // Two pages: the dashboard at / and the game at /play.
    rolldownOptions: { input: { index: join(import.meta.dirname, "index.html"), play: join(import.meta.dirname, "play/index.html") } },
  },
  server: { proxy: { "/api": { target: process.env.MUSTER_URL ?? "http://127.0.0.1:8080", ws: true } } },
  test: { environment: "node", isolate: false, maxWorkers: 2, include: ["src/**/*_test.{ts,tsx}"], restoreMocks: true, testTimeout: 60_000 },
});
