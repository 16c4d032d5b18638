// The heat map: what it shows, how one moves in it, and what one takes away from it.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { counted, matrixOf } from "./support/answers";
import { expectAccessible } from "./support/axe";
import { close, launch, open, type Watched } from "./support/browser";
import { Chart } from "./support/chart";
import { luminance } from "./support/pictures";
import { type Cluster, COLUMNS, KEYS, MINUTE, PATIENT, startCluster } from "./support/sample";

const ACCOUNTS = KEYS.indexOf("accounts");
const ORDERS = KEYS.indexOf("orders");
const SESSIONS = KEYS.indexOf("sessions");
const USERS = KEYS.indexOf("users");
/** The cell with the most traffic. */
const PEAK = { row: ORDERS, column: 5 };

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

async function show(hash: string): Promise<void> {
  watched = await open(browser, cluster.daemon.url);
  page = watched.page;
  chart = new Chart(page);
  await page.goto(`${cluster.daemon.url}/admin/keyviz/#${hash}`);
  await page.getByText("cluster view (2 of 2 nodes)").waitFor();
}

beforeEach(() => show("range=all"));
afterEach(() => close(watched));

const hash = () => new URLSearchParams(new URL(page.url()).hash.slice(1));

describe("the picture", () => {
  test("says in a line what it is", async () => {
    const line = `4 rows × ${COLUMNS} columns · series writes · max = 100,000 · cluster view (2 of 2 nodes)`;
    await page.getByText(line, { exact: true }).waitFor();
  });

  test("is darkest where nothing is counted and lightest where most is", async () => {
    const quiet = { row: SESSIONS, column: 3 };
    const alike = [
      { row: ORDERS, column: 2 },
      { row: ORDERS, column: 9 },
    ];
    const cells = [PEAK, quiet, { row: ACCOUNTS, column: 0 }, ...alike];
    const [peak, zero, anotherZero, ten, anotherTen] = await chart.coloursAt(cells.map(await chart.grid()));
    expect(luminance(peak)).toBeGreaterThan(0.8);
    expect(luminance(zero)).toBeLessThan(0.05);
    expect(anotherZero).toEqual(zero);
    expect(anotherTen).toEqual(ten);
    expect(ten).not.toEqual(zero);
  });

  test("is lighter the more is counted", async () => {
    const middle = await chart.grid();
    const lights = (await chart.coloursAt(cluster.columns.map((_, column) => middle({ row: USERS, column })))).map(
      luminance,
    );
    expect(lights).toEqual(lights.toSorted((a, b) => a - b));
    expect(new Set(lights).size).toBe(COLUMNS);
  });

  test("has other colours on another scale, and the same for the ends", async () => {
    const places = [{ row: ORDERS, column: 2 }, PEAK].map(await chart.grid());
    const [faint, peak] = await chart.coloursAt(places);
    await page.getByRole("radio", { name: "Linear" }).check();
    await expect.poll(async () => luminance((await chart.coloursAt(places))[0])).toBeLessThan(luminance(faint));
    expect((await chart.coloursAt(places))[1]).toEqual(peak);
    await page.getByRole("combobox", { name: "Colours" }).selectOption({ label: "Cividis" });
    await expect.poll(async () => (await chart.coloursAt(places))[1]).not.toEqual(peak);
  });

  test("tells of each cell what the interface says of it", async () => {
    const { rows, column_unix_ms } = await matrixOf(cluster.daemon.url, "series=writes");
    const middle = await chart.grid();
    for (const cell of [PEAK, { row: USERS, column: 11 }, { row: ACCOUNTS, column: 7 }, { row: SESSIONS, column: 0 }]) {
      const { start, values, raft_group_ids } = rows[cell.row];
      const { x, y } = middle(cell);
      await page.mouse.move(x, y);
      await expect.poll(() => chart.spoken()).toContain(`${counted(values[cell.column])} writes`);
      const spoken = await chart.spoken();
      expect(spoken).toContain(Buffer.from(start ?? "", "base64").toString());
      expect(spoken).toContain(new Date(column_unix_ms[cell.column]).toISOString().slice(11, 19));
      expect(spoken).toContain("2 of 2 nodes");
      if (values[cell.column] > 0) expect(spoken).toContain(`group ${raft_group_ids[cell.column]}, term 7`);
    }
  });

  test("keeps a cell that is clicked, with its row over time", async () => {
    const { x, y } = (await chart.grid())(PEAK);
    await page.mouse.click(x, y);
    const card = page.getByRole("region", { name: "Pinned cell" });
    await card.getByText("100,000 writes").waitFor();
    await card.getByText("1,667/s").waitFor();
    await card.getByRole("figure", { name: /row over time/ }).waitFor();
    await expect.poll(() => hash().get("cell")).toBe(`${cluster.columns[PEAK.column]}@route:2`);
    await page.mouse.move(5, 5);
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
  });

  test("has the same numbers in a table that sorts", async () => {
    const { rows } = await matrixOf(cluster.daemon.url, "series=writes");
    const busy = rows.map(({ values }) => values.reduce((a, b) => a + b)).filter((total) => total > 0);
    const table = page.getByRole("table", { name: /Rows of the visible window/ });
    const totals = async () => {
      const cells = await table.locator("tbody tr td:nth-of-type(2)").allTextContents();
      return cells.map((text) => Number(text.trim().replaceAll(",", "")));
    };
    expect(await totals()).toEqual(busy.toSorted((a, b) => b - a));
    await table.getByRole("button", { name: /^Total/ }).click();
    await expect.poll(totals).toEqual(busy.toSorted((a, b) => a - b));
  });
});

describe("moving about", () => {
  test("the wheel zooms around the pointer, 0 shows all again", async () => {
    const all = page.getByRole("button", { name: "All", exact: true });
    expect(await all.isDisabled()).toBe(true);
    const at = (await chart.grid())(PEAK);
    await page.mouse.move(at.x, at.y);
    const { width } = await chart.cursor();
    await page.mouse.wheel(0, -300);
    await expect.poll(() => hash().get("time")).toMatch(/^\d+-\d+$/);
    expect(await chart.spoken(), "what is under the pointer stays there").toContain("100,000 writes");
    expect((await chart.cursor()).width).toBeGreaterThan(width);
    expect(await all.isDisabled()).toBe(false);
    await page.keyboard.press("0");
    await expect.poll(() => hash().get("time")).toBeNull();
    await page.mouse.move(at.x + 1, at.y);
    expect((await chart.cursor()).width).toBeCloseTo(width);
  });

  test("two fingers that part zoom between them, one finger then pans", async () => {
    const at = (await chart.grid())(PEAK);
    const touches = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...x: number[]) =>
      touches.send("Input.dispatchTouchEvent", { type, touchPoints: x.map((x, id) => ({ x, y: at.y, id })) });
    await touch("touchStart", at.x - 20, at.x + 20);
    for (const apart of [30, 45, 60]) await touch("touchMove", at.x - apart, at.x + apart);
    await touch("touchEnd");
    const span = () => (hash().get("time") ?? "").split("-").map(Number);
    const [first, last] = [cluster.columns[0], cluster.columns[COLUMNS - 1]];
    const share = () => (span()[1] - span()[0]) / (last - first + 60_000);
    await expect.poll(share, { message: "three times as close" }).toBeCloseTo(1 / 3, 1);
    const [from, to] = span();
    expect(await page.evaluate(() => visualViewport?.scale), "the page itself is not zoomed").toBe(1);
    await touch("touchStart", at.x);
    for (const moved of [20, 60, 100]) await touch("touchMove", at.x - moved);
    await touch("touchEnd");
    await expect.poll(() => span()[0]).toBeGreaterThan(from);
    expect(span()[1] - span()[0]).toBeCloseTo(to - from, -3);
  });

  test("a drag pans what is zoomed, a double click shows all", async () => {
    const at = (await chart.grid())(PEAK);
    await page.mouse.move(at.x, at.y);
    await page.mouse.wheel(0, -400);
    await expect.poll(() => hash().get("time")).not.toBeNull();
    const before = hash().get("time");
    await page.mouse.down();
    await page.mouse.move(at.x - 120, at.y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => hash().get("time")).not.toBe(before);
    await page.mouse.dblclick(at.x, at.y);
    await expect.poll(() => hash().get("time")).toBeNull();
  });

  test("a box that is drawn with Shift is what is shown", async () => {
    const middle = await chart.grid();
    const [from, to] = [middle({ row: ACCOUNTS, column: 3 }), middle({ row: SESSIONS, column: 8 })];
    await page.keyboard.down("Shift");
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up("Shift");
    await expect.poll(() => hash().get("first")).toMatch(/^0(\.\d+)?@route:1$/);
    expect(hash().get("last")).toMatch(/^(0\.\d+|1)@route:3$/);
    const [left, right] = (hash().get("time") ?? "").split("-").map(Number);
    expect(left).toBeGreaterThan(cluster.columns[2]);
    expect(right).toBeLessThanOrEqual(cluster.columns[8]);
  });

  test("the zoomed window, asked for as a range, has every column that was in view", async () => {
    const middle = await chart.grid();
    const { x, y } = middle({ row: 0, column: 6 });
    const { y: top, height } = await chart.box();
    await page.mouse.move(x, top + height - 10);
    await page.mouse.wheel(0, -150);
    await expect.poll(() => hash().get("time")).not.toBeNull();
    await page.mouse.move(x, y);
    const [left, right] = (hash().get("time") ?? "").split("-").map(Number);
    const inView = cluster.columns.filter((end) => end > left && end - MINUTE < right);
    await page.getByRole("combobox", { name: "Range" }).selectOption({ label: "The zoomed window" });
    await page.getByText(`4 rows × ${inView.length} columns`).waitFor();
    await expect.poll(() => hash().get("range")).toBe(`${inView[0] - MINUTE + 1}-${(inView.at(-1) ?? 0) + 1}`);
  });

  test("a search says whether a row is named so or would hold such a key", async () => {
    const note = page.getByText("No row begins with it; shown is the range that would hold it");
    await page.getByRole("searchbox").fill("orders|");
    await page.getByText("1 of 4 rows").waitFor();
    expect(await note.count()).toBe(0);
    await page.getByRole("searchbox").fill("ordres|7");
    await note.waitFor();
    await page.getByText("1 of 4 rows").waitFor();
    await expectAccessible(page, "a key within a range");
  });

  test("a filter leaves the rows that match, by key, label or bucket", async () => {
    for (const text of ["orders|", "orders-table", "route:2"]) {
      await page.getByRole("searchbox").fill(text);
      await page.getByText("1 of 4 rows").waitFor();
      const { x, y } = (await chart.grid())({ row: 0, column: PEAK.column });
      await page.mouse.move(x, y);
      await expect.poll(() => chart.spoken(), { message: text }).toContain("100,000 writes");
      await page.mouse.move(5, 5);
      await page.getByRole("searchbox").fill("");
      await page.getByText("1 of 4 rows").waitFor({ state: "detached" });
    }
  });
});
