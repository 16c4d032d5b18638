// What axe finds in a page that keeps people out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Nothing serious or critical, in light and in dark. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect(await findings(page), `${state}, ${colorScheme}`).toEqual([]);
  }
}

async function findings(page: Page): Promise<string[]> {
  // Evaluated, not loaded: the page's policy forbids scripts that did not come with it, and should.
  await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(() => {
    const axe = Reflect.get(window, "axe") as { run(): Promise<AxeResults> };
    return axe.run();
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
