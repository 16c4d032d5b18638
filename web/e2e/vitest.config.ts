import { defineConfig } from "vitest/config";

// One file after another: each starts a Chromium and daemons, and two cores have to do for all of it.
export default defineConfig({
  test: { include: ["*.spec.ts"], fileParallelism: false, testTimeout: 30_000, hookTimeout: 60_000 },
});
