// What a button of the page saves.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

export async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The lines of a CSV, without its heading. */
export function linesOf(csv: Buffer): string[] {
  return csv.toString("utf8").trimEnd().split("\r\n").slice(1);
}
