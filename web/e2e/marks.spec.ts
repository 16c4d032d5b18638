// What is marked on the picture, and what the numbers beside it say.
import { describe, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { Chart } from "./support/chart";
import type { Counted } from "./support/node";
import { COLUMNS, configuration, half, MINUTE, minutes, PATIENT } from "./support/sample";
import { stage } from "./support/stage";

const { node, daemon, cluster, show } = stage();

describe("the picture", () => {
  test("has no rate where windows have no common width, and nothing that is late", async () => {
    const columns = minutes();
    const nodes = [await node("n1", half(columns, 0)), await node("n2", half(columns, 20_000))];
    const { url } = await daemon(configuration(nodes, `merge.step = "off"\n${PATIENT}`));
    const page = await show(url);
    await page.getByText(`4 rows × ${2 * COLUMNS} columns`).waitFor();
    await page.getByText("writes per window of each node").waitFor();
    expect(await page.getByText("not all nodes").count()).toBe(0);
    await page.getByRole("button", { name: "Show its peak" }).click();
    const card = page.getByRole("region", { name: "Pinned cell" });
    await card.getByText("50,000 writes").waitFor();
    await card.getByText(/^up to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/).waitFor();
    expect(await page.getByText(/\d\/s\b/).count(), "a rate").toBe(0);
    await expectAccessible(page, "nodes not aligned");
  });

  test("hatches cells that nodes contradict each other about, and explains them", async () => {
    const columns = minutes();
    const counted = (value: number): Counted => ({
      columns,
      rows: [{ bucket_id: "route:1", start: "a", values: columns.map((_, at) => (at === 4 ? value : 100)) }],
    });
    const nodes = [await node("n1", counted(70)), await node("n2", counted(90))];
    const { url } = await daemon(configuration(nodes, PATIENT));
    const page = await show(url);
    const pill = page.getByText("conflict · 1 cell");
    expect(await pill.getAttribute("title")).toMatch(/leadership/i);
    const chart = new Chart(page);
    const middle = await chart.grid();
    const colours = async (column: number) => {
      const { x, y } = middle({ row: 0, column });
      const around = Array.from({ length: 8 }, (_, step) => ({ x: x + step, y }));
      return new Set((await chart.coloursAt(around)).map(String)).size;
    };
    expect(await colours(4)).toBeGreaterThan(1);
    expect(await colours(5)).toBe(1);
    const { x, y } = middle({ row: 0, column: 4 });
    await page.mouse.move(x, y);
    await page.getByText("Two nodes report different counts for the same writes").first().waitFor();
    expect(await chart.spoken()).toContain("90 writes");
    await expectAccessible(page, "conflict");
  });

  test("dims columns that not all nodes have yet", async () => {
    const late = (columns: number[], phase: number) => half(phase === 0 ? columns : columns.slice(0, -1), phase);
    const { url } = await cluster(late);
    const page = await show(url);
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
    const chart = new Chart(page);
    const cells = [COLUMNS - 2, COLUMNS - 1].map((column) => ({ row: 1, column }));
    const places = cells.map(await chart.grid());
    const [whole, short] = await chart.coloursAt(places);
    expect(Math.max(...short)).toBeLessThan(Math.max(...whole));
    await page.mouse.move(places[1].x, places[1].y);
    await expect.poll(() => chart.spoken()).toContain("1 of 2 nodes");
    await page.getByText("this window is not complete yet").first().waitFor();
    await expectAccessible(page, "short columns");
  });

  test("says since when a node that answers has counted nothing", async () => {
    const stopped = (columns: number[], phase: number) => half(phase === 0 ? columns : columns.slice(0, -7), phase);
    const { url } = await cluster(stopped);
    const page = await show(url);
    await page.getByText("2/2 nodes").waitFor();
    await page.getByText(/^no window of all nodes since \d\d:\d\d:00$/).waitFor();
    await page.getByRole("button", { name: /^Window to \d\d:\d\d:00 \(1 of 2 nodes\)/ }).waitFor();
    const chart = new Chart(page);
    const { x, y } = (await chart.grid())({ row: 1, column: COLUMNS - 1 });
    await page.mouse.move(x, y);
    await expect
      .poll(() => chart.spoken())
      .toContain("1 of 2 nodes have this window: the others’ share of it is missing");
    await expectAccessible(page, "a node that has stopped to sample");
  });

  test("marks where time is missing, and says how much", async () => {
    const holed = (columns: number[], phase: number) =>
      half(
        columns.map((column, at) => (at < 6 ? column - 10 * MINUTE : column)),
        phase,
      );
    const { url } = await cluster(holed);
    const page = await show(url, "range=all", { colorScheme: "light" });
    await page.getByText("no windows for 10 min").waitFor();
    const chart = new Chart(page);
    const middle = await chart.grid();
    await page.mouse.move(5, 5);
    await chart.settled();
    // The amber of the light theme, in the notch above the line.
    const notch = await chart.pixelsOf([138, 75, 0]);
    const at = (middle({ row: 0, column: 5 }).x + middle({ row: 0, column: 6 }).x) / 2;
    expect(notch.length).toBeGreaterThan(0);
    for (const { x, y } of notch) {
      expect(Math.abs(x - at)).toBeLessThan(8);
      expect(y).toBeLessThan(middle({ row: 0, column: 0 }).y);
    }
    await expectAccessible(page, "a hole in time");
  });

  test("shows counts of 64 bits to the last digit", async () => {
    const columns = minutes();
    const values = columns.map((_, at) => (at === 4 ? "18446744073709551615" : at === 5 ? "9007199254740993" : 0));
    const only = await node("n1", { columns, rows: [{ bucket_id: "route:1", start: "a", values }] });
    const { url } = await daemon(configuration([only], PATIENT));
    const page = await show(url);
    const chart = new Chart(page);
    const middle = await chart.grid();
    for (const [column, count] of [
      [4, "≥ 18,446,744,073,709,551,615 writes"],
      [5, "9,007,199,254,740,993 writes"],
    ] as const) {
      const { x, y } = middle({ row: 0, column });
      await page.mouse.move(x, y);
      await expect.poll(() => chart.spoken()).toContain(count);
    }
    await expectAccessible(page, "counts of 64 bits");
  });

  test("names what erupts before the slowest node has told of it, and where it is out of view", async () => {
    const columns = minutes();
    const eruption = (phase: number): Counted => {
      const told = half(phase === 0 ? columns : columns.slice(0, -2), phase);
      const users = told.rows.find(({ start }) => start === "users|");
      if (users) users.values = told.columns.map((_, at) => (at === COLUMNS - 1 ? 600_000 : 1));
      return told;
    };
    const { url } = await cluster((_, phase) => eruption(phase));
    const page = await show(url, "range=all&filter=orders");
    const now = page.locator(".now").filter({ hasText: "users|" });
    await now.getByText("Right now out of view").waitFor();
    await now.getByText("≥ 10,000/s (1 of 2 nodes)").waitFor();
    await now.getByRole("button").click();
    await page.getByRole("region", { name: "Pinned cell" }).getByText("600,000 writes").waitFor();
    const hot = page.getByRole("region", { name: "Hottest range in view" });
    await hot.getByText("≥ 10,000/s").waitFor();
    await hot.getByText(/^peak at .+ \(1 of 2 nodes\)$/).waitFor();
    expect(await page.getByText("out of view").count()).toBe(0);
  });

  test("has one hottest row, though others have as much", async () => {
    const same = (columns: number[]): Counted => ({
      columns,
      rows: ["a", "b", "c", "d"].map((start, at) => ({
        bucket_id: `route:${at}`,
        start,
        values: columns.map(() => 7),
      })),
    });
    const { url } = await cluster(same);
    const page = await show(url, "range=all", { colorScheme: "light" });
    await page.getByRole("region", { name: "Hottest range in view" }).getByText("a", { exact: true }).waitFor();
    const chart = new Chart(page);
    const middle = await chart.grid();
    await page.mouse.move(5, 5);
    await chart.settled();
    const orange = await chart.pixelsOf([194, 65, 12]);
    expect(orange.length).toBeGreaterThan(0);
    const [first, second] = [0, 1].map((row) => middle({ row, column: 0 }).y);
    expect(Math.max(...orange.map(({ y }) => y))).toBeLessThan((first + second) / 2 + 1);
  });
});
