import { defineConfig } from "vitest/config";

// Two files at a time: each starts a Chromium and daemons, and mostly waits for them. What is waited for comes in a
// second or two; the ceilings are for a machine that has other things to do.
export default defineConfig({
  test: {
    include: ["*.spec.ts"],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
