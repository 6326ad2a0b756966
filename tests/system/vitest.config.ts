import { defineConfig } from "vitest/config";

// One thing after the other: the tests share a Docker Engine and few cores. A test that fails is not tried again: it is to be believed.
export default defineConfig({
  test: {
    include: ["src/**/*_test.ts"],
    fileParallelism: false,
    maxWorkers: 1,
    sequence: { concurrent: false, shuffle: false },
    retry: 0,
    testTimeout: 240_000,
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    reporters: ["verbose"],
  },
});
