// The README's pictures, from the demo (`make pictures`).
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { test } from "vitest";
import { close, launch, open } from "./support/browser";
import { Chart } from "./support/chart";
import { startDemo } from "./support/program";

const FOLDER = fileURLToPath(new URL("../../docs/", import.meta.url));
/** The newest column's end in every picture. */
const NOW = Date.UTC(2026, 0, 1, 12);

test("light and dark", async () => {
  mkdirSync(FOLDER, { recursive: true });
  const [demo, browser] = await Promise.all([startDemo(1), launch()]);
  const watched = await open(browser, demo.url, { viewport: { width: 1280, height: 840 } });
  const { page } = watched;
  await page.clock.setFixedTime(NOW);
  await sayNothingOfTheDay(page);
  await page.goto(`${demo.url}/admin/keyviz/#series=reads&range=all`);
  await page.getByText("cluster view (3 of 3 nodes)").waitFor();
  await page.getByRole("button", { name: "Show its peak" }).click();
  await page.getByRole("region", { name: "Pinned cell" }).waitFor();
  await page.mouse.move(2, 2);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await new Chart(page).settled();
    await page.screenshot({ path: `${FOLDER}page-${colorScheme}.png`, animations: "disabled" });
  }
  await close(watched);
  await Promise.all([browser.close(), demo.stop()]);
});

interface Answer {
  column_unix_ms: number[];
  generated_at: string;
  fanout: { nodes: { node: string; duration_ms: number }[] };
}

/** The day, the ports and how fast the machine is differ each time; what the seed makes of the cluster does not. */
async function sayNothingOfTheDay(page: Page): Promise<void> {
  await page.context().route("**/keyviz/matrix?*", async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as Answer;
    const shift = NOW - Math.max(...answer.column_unix_ms);
    answer.column_unix_ms = answer.column_unix_ms.map((column) => column + shift);
    answer.generated_at = new Date(NOW).toISOString();
    answer.fanout.nodes.forEach((node, index) => {
      node.node = `n${index + 1}.example:8080`;
      node.duration_ms = 3 + index;
    });
    await route.fulfill({ response, json: answer });
  });
}
