import { defineConfig } from "vitest/config";

export default defineConfig({ test: { environment: "node", isolate: false, maxWorkers: 2, include: ["src/**/*_test.ts"], restoreMocks: true, testTimeout: 60_000 } });
