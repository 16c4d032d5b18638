// All of it by keyboard.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { close, launch, open, type Watched } from "./support/browser";
import { Chart } from "./support/chart";
import { type Cluster, COLUMNS, KEYS, MINUTE, PATIENT, startCluster } from "./support/sample";

let cluster: Cluster;
let browser: Browser;
let watched: Watched;
let page: Page;
let chart: Chart;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([startCluster(PATIENT), launch()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), cluster?.stop()]);
});
beforeEach(async () => {
  watched = await open(browser, cluster.daemon.url);
  page = watched.page;
  chart = new Chart(page);
  await page.goto(`${cluster.daemon.url}/admin/keyviz/#range=all`);
  await page.getByText("cluster view (2 of 2 nodes)").waitFor();
});
afterEach(() => close(watched));

const hash = () => new URLSearchParams(new URL(page.url()).hash.slice(1));

/** Presses keys one after another. */
async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** What has the focus: its role and its name. */
const focused = () => page.locator(":focus").ariaSnapshot();

test("Tab comes to every control and to the picture, and out of it again", async () => {
  const seen: string[] = [];
  for (let step = 0; step < 60 && !seen.at(-1)?.includes("Show its peak"); step++) {
    await press("Tab");
    seen.push(await focused());
    const outline = await page.evaluate(() => {
      const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement as Element);
      const around = document.activeElement?.closest("label, .search, .segmented, .chart");
      const near = around ? getComputedStyle(around) : { outlineStyle: "none", boxShadow: "none" };
      return (
        [outlineStyle, near.outlineStyle].some((style) => style !== "none") ||
        [boxShadow, near.boxShadow].some((shadow) => shadow !== "none")
      );
    });
    expect(outline, `${seen.at(-1)} shows that it has the focus`).toBe(true);
  }
  const expected = [
    'button "Heat map"',
    'button "Configuration"',
    'button "Refresh now"',
    'radio "Writes"',
    'combobox "Range"',
    'searchbox "Search',
    'button "Zoom in',
    'button "PNG"',
    'button "CSV"',
    'application "Heat map of traffic',
    'radio "Log"',
    'slider "Brightness"',
    'combobox "Colours"',
  ];
  for (const control of expected)
    expect(
      seen.filter((one) => one.includes(control)),
      control,
    ).toHaveLength(1);
});

test("arrows move the cell cursor, which stays within the matrix", async () => {
  await chart.host.focus();
  await press("ArrowRight");
  expect(await chart.spoken(), "it begins where it is hottest").toContain("100,000 writes");
  await press("Home", "Shift+ArrowUp", "ArrowUp");
  expect(await chart.spoken()).toMatch(/^accounts\|.*, 0 writes/);
  await press("ArrowDown", "ArrowRight");
  expect(await chart.spoken()).toMatch(/^orders\|.*, 10 writes/);
  await press("End", "Shift+ArrowDown", "ArrowRight");
  expect(await chart.spoken()).toContain(`${KEYS.at(-1)}|`);
  expect(await chart.spoken()).toContain(`${(2 ** (COLUMNS - 1)).toLocaleString("en")} writes`);
});

test("Home and End go where they say with their first press", async () => {
  await chart.host.focus();
  await press("End");
  expect(await chart.spoken()).toMatch(/^orders\|.*, 10 writes/);
  await press("Escape", "Home");
  expect(await chart.spoken()).toMatch(/^orders\|.*, 10 writes/);
  await press("Shift+ArrowUp");
  expect(await chart.spoken()).toMatch(/^accounts\|.*, 0 writes/);
});

test("the focus stays near what it was on when that goes", async () => {
  await chart.host.focus();
  await press("+");
  const all = page.getByRole("button", { name: "All", exact: true });
  await all.focus();
  await press("Enter");
  await expect.poll(() => hash().get("time")).toBeNull();
  expect(await focused()).toContain('button "All"');
  await chart.host.focus();
  await press("ArrowRight", "Enter");
  const card = page.getByRole("region", { name: "Pinned cell" });
  await card.getByRole("button", { name: "Unpin" }).focus();
  await press("Enter");
  await card.waitFor({ state: "detached" });
  expect(await page.locator(":focus").textContent()).toContain("Click a cell to pin it");
  await page
    .getByRole("row")
    .getByRole("button", { name: /^users/ })
    .focus();
  await page.evaluate(() => {
    location.hash = "range=all&filter=orders";
  });
  await page.getByText("1 of 4 rows").waitFor();
  expect(await page.locator(":focus").textContent()).toContain("Hottest rows");
});

test("the rows and their sums follow each letter of a search, and what Escape clears stays cleared", async () => {
  const search = page.getByRole("searchbox");
  const rows = page.locator("tbody tr");
  const whole = await rows.count();
  await press("/");
  const after = async (key: string) => {
    await search.press(key);
    return [await page.locator(".search-count").textContent(), await rows.count()];
  };
  expect(await after("o")).toEqual(["4 of 4 rows", whole]);
  expect(await after("r")).toEqual(["1 of 4 rows", 1]);
  expect(await after("Escape")).toEqual(["", whole]);
  // Longer than anybody would hold letters back.
  await page.waitForTimeout(500);
  expect(await search.inputValue()).toBe("");
});

test("a search leaves the cursor on its bucket, or takes it away with that", async () => {
  const search = page.getByRole("searchbox");
  await chart.host.focus();
  await press("ArrowRight");
  expect(await chart.spoken()).toMatch(/^orders\|/);
  await search.fill("orders");
  expect(await chart.spoken()).toMatch(/^orders\|.*100,000 writes/);
  await search.fill("users");
  expect(await chart.spoken()).toBe("");
});

test("Enter pins the cell, Escape takes back one thing after another", async () => {
  await chart.host.focus();
  await press("ArrowRight", "Enter");
  const card = page.getByRole("region", { name: "Pinned cell" });
  await card.waitFor();
  await press("/");
  await page.keyboard.type("orders");
  await page.getByText("1 of 4 rows").waitFor();
  await press("Escape");
  await expect.poll(() => page.getByRole("searchbox").inputValue()).toBe("");
  await press("Escape", "Escape", "Escape");
  await card.waitFor({ state: "detached" });
});

test("plus and minus zoom, Alt with arrows moves, 0 shows all", async () => {
  await chart.host.focus();
  await press("+", "+");
  await expect.poll(() => hash().get("time")).not.toBeNull();
  const before = hash().get("time");
  await press("Alt+ArrowRight");
  await expect.poll(() => hash().get("time")).not.toBe(before);
  await press("-", "-", "-");
  await expect.poll(() => hash().get("time")).toBeNull();
  await press("+");
  await expect.poll(() => hash().get("time")).not.toBeNull();
  await press("0");
  await expect.poll(() => hash().get("time")).toBeNull();
});

test("? lists the keys, and gives the focus back when it closes", async () => {
  await chart.host.focus();
  await press("?");
  const help = page.getByRole("dialog", { name: /Keys/ });
  await help.waitFor();
  await expectAccessible(page, "the list of keys");
  await press("Escape");
  await help.waitFor({ state: "detached" });
  expect(await focused()).toContain("Heat map of traffic");
});

test("a custom range is chosen without a mouse", async () => {
  await page.getByRole("combobox", { name: "Range" }).selectOption("custom");
  const dialog = page.getByRole("dialog", { name: "Custom range" });
  await dialog.waitFor();
  await expectAccessible(page, "the custom range");
  const times = [cluster.columns[2], cluster.columns[6]];
  const [from, to] = times.map((at) => new Date(at).toISOString().slice(0, 19));
  // What stands there at first is what the picture shows, from the beginning of its first window.
  const first = new Date(cluster.columns[0] - MINUTE).toISOString().slice(0, 19);
  expect((await dialog.getByLabel(/^From/).inputValue()).padEnd(19, ":00")).toBe(first);
  await dialog.getByLabel(/^From/).fill(from);
  await dialog.getByLabel(/^To/).fill(to);
  await press("Enter");
  await page.getByText("4 rows × 4 columns").waitFor();
  await expect.poll(() => hash().get("range")).toBe(times.map((at) => at + 1).join("-"));
  const said = `${from.replace("T", " ")} – ${to.slice(from.slice(0, 10) === to.slice(0, 10) ? 11 : 0).replace("T", " ")} UTC`;
  expect(await page.getByRole("combobox", { name: "Range" }).locator("option:checked").textContent()).toBe(said);
  await page.getByText(`4 rows in view · ${said}`).waitFor();
});

test("the whole page holds up to axe, with a cell pinned", async () => {
  await chart.host.focus();
  await press("ArrowRight", "Enter");
  await page.getByRole("region", { name: "Pinned cell" }).waitFor();
  await expectAccessible(page, "all is well");
});
