// What one takes away from the page: an address, a link, a picture, the numbers.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { matrixOf } from "./support/answers";
import { Chart } from "./support/chart";
import { linesOf, saved } from "./support/download";
import { decode } from "./support/pictures";
import { COLUMNS, half, KEYS, MINUTE, minutes } from "./support/sample";
import { stage } from "./support/stage";

/** The cell with the most traffic. */
const PEAK = { row: KEYS.indexOf("orders"), column: 5 };

const { cluster, show, leave } = stage();

async function opened() {
  const columns = minutes();
  const { url } = await cluster((_, phase) => half(columns, phase));
  const page = await show(url);
  await page.getByText("cluster view (2 of 2 nodes)").waitFor();
  return { page, chart: new Chart(page), columns, url };
}

const hash = (page: Page) => new URLSearchParams(new URL(page.url()).hash.slice(1));

test("the address reopens exactly what is shown", async () => {
  const { page, chart, url } = await opened();
  await page.getByRole("radio", { name: "Reads" }).check();
  await page.getByText("series reads").waitFor();
  await page.getByRole("radio", { name: "Linear" }).check();
  await page.getByRole("searchbox").fill("s-table");
  await page.getByText("of 4 rows").waitFor();
  const { x, y } = (await chart.grid())({ row: 1, column: 5 });
  await page.mouse.click(x, y);
  // Below the plot: time alone is zoomed.
  const { y: top, height } = await chart.box();
  await page.mouse.move(x, top + height - 10);
  await page.mouse.wheel(0, -200);
  await expect.poll(() => hash(page).get("time")).not.toBeNull();
  await expect.poll(() => hash(page).get("cell")).toMatch(/^\d+@route:/);
  await page.mouse.move(5, 5);
  const [before, address] = [await chart.settled(), new URL(page.url()).hash.slice(1)];
  await leave();
  const again = await show(url, address);
  await again.getByText("cluster view (2 of 2 nodes)").waitFor();
  expect(await again.getByRole("searchbox").inputValue()).toBe("s-table");
  expect(await again.getByRole("radio", { name: "Reads" }).isChecked()).toBe(true);
  expect(await again.getByRole("radio", { name: "Linear" }).isChecked()).toBe(true);
  expect(new URL(again.url()).hash.slice(1)).toBe(address);
  expect((await new Chart(again).settled()) === before, "the same pixels").toBe(true);
});

test("a copied link shows what is pinned, however late it is opened", async () => {
  const { page, chart, columns, url } = await opened();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("combobox", { name: "Range" }).selectOption("1h");
  await page.getByText(`4 rows × ${COLUMNS} columns`).waitFor();
  await page.locator(".now").getByText("Right now").waitFor();
  const { x, y } = (await chart.grid())(PEAK);
  await page.mouse.click(x, y);
  await page.getByRole("button", { name: "Copy a link to this cell" }).click();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  const copied = new URLSearchParams(link.hash.slice(1));
  expect(copied.get("range")).toBe(`${columns[0] - MINUTE + 1}-${(columns.at(-1) ?? 0) + 1}`);
  expect(copied.get("cell")).toBe(`${columns[PEAK.column]}@route:2`);
  await leave();
  const again = await show(url, link.hash.slice(1));
  await again.getByRole("region", { name: "Pinned cell" }).getByText("100,000 writes").waitFor();
  await again.getByText("Past range · just now").waitFor();
  await again
    .locator(".now")
    .getByText(/^At (\w+ \d+ )?\d\d:\d\d:00 /)
    .waitFor();
});

test("a PNG has the picture with its colours, larger than the chart alone", async () => {
  const { page, chart } = await opened();
  const [peak] = await chart.coloursAt([(await chart.grid())(PEAK)]);
  const { name, bytes } = await saved(page, "PNG");
  expect(name).toMatch(/^keyviz-writes-\d{8}T\d{6}Z\.png$/);
  const { width, height, colours } = await decode(page, bytes);
  const box = await chart.box();
  expect(width).toBeGreaterThan(box.width);
  expect(height).toBeGreaterThan(box.height);
  expect(colours[peak.join(",")]).toBeGreaterThan(1000);
});

test("a CSV has every count that is in view, and no other", async () => {
  const { page, url } = await opened();
  const { rows, column_unix_ms, column_nodes } = await matrixOf(url, "series=writes");
  const { name, bytes } = await saved(page, "CSV");
  expect(name).toMatch(/\.csv$/);
  const [header] = bytes.toString("utf8").split("\r\n");
  expect(header).toBe("bucket_id,label,start,end,column_unix_ms,column_nodes,value,raft_group_id,leader_term,conflict");
  const expected = rows.flatMap(({ bucket_id, values }) =>
    values.flatMap((value, column) =>
      value ? [[bucket_id, `${column_unix_ms[column]}`, `${column_nodes[column]}`, `${value}`]] : [],
    ),
  );
  expect(linesOf(bytes).map((line) => [0, 4, 5, 6].map((field) => line.split(",")[field]))).toEqual(expected);
  await page.getByRole("searchbox").fill("users");
  await page.getByText("1 of 4 rows").waitFor();
  const users = linesOf((await saved(page, "CSV")).bytes);
  expect(users.length).toBe(COLUMNS);
  expect(users.every((line) => line.startsWith("route:4,users-table,users|,"))).toBe(true);
});
