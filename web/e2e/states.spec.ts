// What the page says when something is wrong with the picture.
import { describe, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { Chart } from "./support/chart";
import type { Counted } from "./support/node";
import { COLUMNS, configuration, half, MINUTE, minutes, PATIENT } from "./support/sample";
import { OPTIONS, refresh, refreshUntil, stage } from "./support/stage";

const { node, daemon, cluster, show } = stage();

const DEGRADED = "Cluster view degraded — 1 of 2 nodes responded";

describe("a picture with something wrong", () => {
  test("names each node that is missing, why, and when it last answered", async () => {
    const { nodes, url } = await cluster();
    const page = await show(url);
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
    await nodes[1].stop();
    await refresh(page);
    const banner = page.getByRole("region", { name: "Degraded cluster view" });
    await banner.getByText(DEGRADED).waitFor();
    const line = banner.getByRole("listitem").filter({ hasText: nodes[1].address });
    await line.getByText("refused", { exact: true }).waitFor();
    await line.getByText(/last answered \d+(\.\d+)? (ms|s|min) .*ago|last answered .* ago/).waitFor();
    await page.getByText("max = 50,000 · cluster view (1 of 2 nodes)").waitFor();
    await expectAccessible(page, "degraded");
    await nodes[1].resume();
    await refreshUntil(page, async () => (await banner.count()) === 0);
    await page.getByText("max = 100,000 · cluster view (2 of 2 nodes)").waitFor();
  });

  test("has all of a node that is back, though nothing new tells of it", async () => {
    const early = (columns: number[], phase: number): Counted => {
      const { rows, ...rest } = half(columns, phase);
      const values = (row: number[]) => (phase === 0 ? row : row.map((count, at) => (at < 6 ? count : 0)));
      return { ...rest, rows: rows.map((row) => ({ ...row, values: values(row.values.map(Number)) })) };
    };
    const { nodes, url } = await cluster(early);
    await nodes[1].stop();
    const page = await show(url);
    await page.getByText("max = 50,000 · cluster view (1 of 2 nodes)").waitFor();
    await nodes[1].resume();
    await refreshUntil(page, () => page.getByText("(2 of 2 nodes)").isVisible());
    await page.getByText("max = 100,000 · cluster view (2 of 2 nodes)").waitFor();
  });

  test("has nothing of what another process of the daemon said", async () => {
    let whole: Counted[] = [];
    const late = (columns: number[], phase: number): Counted => {
      whole = [...whole, half(columns, phase)];
      const { rows, ...rest } = half(columns, phase);
      return {
        ...rest,
        rows: rows.map((row) => ({ ...row, values: row.values.map((count, at) => (at < 6 ? 0 : count)) })),
      };
    };
    const { nodes, url, daemon: first } = await cluster(late);
    const page = await show(url);
    await page.getByText("max = 2,048 · cluster view (2 of 2 nodes)").waitFor();
    for (const [index, node] of nodes.entries()) node.counted = whole[index];
    await first.stop();
    await daemon(configuration(nodes, OPTIONS), new URL(url).host);
    await refreshUntil(page, () => page.getByText("max = 100,000 · cluster view (2 of 2 nodes)").isVisible());
  });

  test("lists what became of every node when all of them have gone, and then the daemon", async () => {
    const { nodes, url, daemon: first } = await cluster();
    const page = await show(url);
    await page.getByText("2/2 nodes").waitFor();
    await Promise.all(nodes.map((node) => node.stop()));
    await refresh(page);
    const alert = page
      .getByRole("region", { name: "Stale picture" })
      .filter({ hasText: "No node answered. This picture is" });
    for (const { address } of nodes) {
      const line = alert.getByRole("listitem").filter({ hasText: address });
      await line.getByText(/last answered .+ ago/).waitFor();
    }
    await page.getByText("0/2 nodes").waitFor();
    await page.getByRole("region", { name: "Nodes" }).getByText("0 of 2 answered").waitFor();
    await expectAccessible(page, "all nodes gone");
    await expect.poll(() => page.title()).toMatch(/^0\/2 nodes · /);
    await first.stop();
    await refresh(page);
    await page.getByRole("alert").filter({ hasText: "The daemon can’t be reached" }).waitFor();
    await page.getByText("0/2 nodes").waitFor();
    await page.getByRole("region", { name: "Nodes" }).getByText("0 of 2 answered last time").waitFor();
    await expect.poll(() => page.title()).toMatch(/^stale · 0\/2 nodes · /);
  });

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

  test("keeps within the window, whatever a node says", async () => {
    const { nodes, url } = await cluster();
    nodes[1].refusal = { status: 500, code: "x".repeat(900), message: "y".repeat(900) };
    const page = await show(url, "range=all", { viewport: { width: 700, height: 700 } });
    await page.getByText(DEGRADED).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(700);
  });

  test("greys an old picture, with its age, while the daemon is away", async () => {
    const { nodes, url, daemon: first } = await cluster();
    const page = await show(url);
    const greyed = () => new Chart(page).host.locator("canvas").evaluate((canvas) => getComputedStyle(canvas).filter);
    await page.getByText("Live").waitFor();
    expect(await greyed()).toBe("none");
    await first.stop();
    await refresh(page);
    const alert = page
      .getByRole("region", { name: "Stale picture" })
      .filter({ hasText: "The daemon can’t be reached" });
    await alert.getByText(/This picture is .+ old \(from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/).waitFor();
    await page.getByText("Stale").waitFor();
    await expect.poll(() => page.title()).toMatch(/^stale · Key/);
    await page.getByText("100,000").first().waitFor();
    await expect.poll(greyed).toContain("grayscale");
    await expectAccessible(page, "stale");
    await daemon(configuration(nodes, OPTIONS), new URL(url).host);
    await refreshUntil(page, async () => (await alert.count()) === 0);
    await page.getByText("Live").waitFor();
    await expect.poll(greyed).toBe("none");
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

  test("keeps what is odd about all of a node's rows, though polls ask for a few columns", async () => {
    const other = (columns: number[], phase: number): Counted => {
      const { rows, ...rest } = half(columns, phase);
      // Of the first columns alone: later answers do not have that row.
      const early = columns.map((_, at) => (at < 2 ? 1 : 0));
      const odd = { bucket_id: "route:9", start: phase === 0 ? "x" : "y", values: early };
      return { ...rest, rows: [...rows, odd] };
    };
    const { nodes, url } = await cluster(other);
    const page = await show(url);
    const warning = page.getByRole("region", { name: "Nodes" }).getByText("catalog_divergence");
    await warning.waitFor();
    const before = nodes[1].asked.length;
    for (const node of nodes) node.counted.rows = node.counted.rows.slice(0, -1);
    await refreshUntil(page, async () => nodes[1].asked.length > before + 1);
    expect(nodes[1].asked.at(-1)?.get("from_unix_ms")).not.toBe("");
    expect(await warning.count()).toBe(1);
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

  test("says one thing of the present and one of the picture when a later answer is worse", async () => {
    const { nodes, url } = await cluster();
    await nodes[1].stop();
    const page = await show(url);
    await page.getByText(DEGRADED).waitFor();
    await nodes[0].stop();
    await refresh(page);
    const alert = page
      .getByRole("region", { name: "Stale picture" })
      .filter({ hasText: "No node answered. This picture is" });
    await alert.getByText("The picture itself has 1 of 2 nodes.").waitFor();
    await page.getByText("now 0/2 nodes").waitFor();
    expect(await page.getByText(DEGRADED).count()).toBe(0);
    await expectAccessible(page, "worse than degraded");
  });

  test("calls nothing live or of right now that was counted long ago", async () => {
    const { url } = await cluster((columns, phase) =>
      half(
        columns.map((column) => column - 25 * MINUTE),
        phase,
      ),
    );
    const page = await show(url);
    await page.getByText(/^Old data · newest 2[5-9] min( \d+ s)? ago$/).waitFor();
    await page
      .locator(".now")
      .getByText(/^At (\w+ \d+ )?\d\d:\d\d:00 /)
      .waitFor();
    await expectAccessible(page, "old data");
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

  test("is still there for who comes back from a question that found no daemon", async () => {
    const { url, daemon: first } = await cluster();
    const page = await show(url);
    await page.getByText("2/2 nodes").waitFor();
    await first.stop();
    await page.getByRole("radio", { name: "Reads" }).check();
    await page.getByRole("heading", { name: "The daemon can’t be reached" }).waitFor();
    await page.getByText("No picture · last answer").waitFor();
    const last = page.getByRole("region", { name: "Nodes" }).getByRole("img", { name: "answered last time" });
    expect(await last.count()).toBe(2);
    await expectAccessible(page, "no picture any more");
    await page.getByRole("button", { name: /^Back to the last picture \(writes, .+ old\)$/ }).click();
    await page.getByText("max = 100,000 · cluster view (2 of 2 nodes)").waitFor();
    await page.getByText("Stale").waitFor();
    expect(await page.getByRole("radio", { name: "Writes" }).isChecked()).toBe(true);
  });

  test("tells of a pinned cell that the nodes no longer have", async () => {
    const { url } = await cluster();
    const days = 5 * 24 * 60 * MINUTE;
    const time = Math.floor((Date.now() - days) / MINUTE) * MINUTE;
    const page = await show(url, `range=all&cell=${time}@route:2`);
    const text = new Date(time).toISOString().slice(0, 19).replace("T", " ");
    await page.getByText(`The nodes no longer have the window that ended ${text} UTC: the oldest they have`).waitFor();
  });
});
