import { defineConfig } from "vitest/config";

// Two files at a time: each starts a Chromium and daemons, and mostly waits for them.
export default defineConfig({
  test: { include: ["*.spec.ts"], maxWorkers: 2, testTimeout: 30_000, hookTimeout: 60_000 },
});
