// What the page says when something is wrong with the picture.
import type { Route } from "playwright-core";
import { describe, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { Chart } from "./support/chart";
import type { Counted } from "./support/node";
import { configuration, half, MINUTE, minutes } from "./support/sample";
import { arrived, OPTIONS, refresh, refreshUntil, stage } from "./support/stage";

const { daemon, cluster, show, leave } = stage();

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
    const [first, before] = [await arrived(page), nodes[1].asked.length];
    for (const node of nodes) node.counted.rows = node.counted.rows.slice(0, -1);
    await refreshUntil(page, async () => nodes[1].asked.length > before);
    expect(nodes[1].asked.at(-1)?.get("from_unix_ms"), "it was asked for a few columns").toMatch(/^\d+$/);
    await expect.poll(() => arrived(page)).not.toBe(first);
    expect(await warning.count()).toBe(1);
  });

  test("says one thing of the present and one of the picture when a later answer is worse", async () => {
    const { nodes, url, daemon: first } = await cluster();
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
    await first.stop();
    await refresh(page);
    const gone = page.getByRole("region", { name: "Stale picture" }).filter({ hasText: "The daemon can’t be reached" });
    await gone.getByText("The picture itself has 1 of 2 nodes.").waitFor();
    await gone
      .getByRole("listitem")
      .filter({ hasText: nodes[1].address })
      .getByText("refused", { exact: true })
      .waitFor();
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

  test("says that an answer is overdue, and gets it on another connection", async () => {
    const { url } = await cluster();
    const page = await show(url);
    await page.getByText("2/2 nodes").waitFor();
    await page.getByRole("combobox", { name: "Refresh" }).selectOption("0");
    const held: Route[] = [];
    await page.context().route("**/keyviz/matrix?*", (route) => void held.push(route));
    await refresh(page);
    const banner = page.getByRole("region", { name: "Stale picture" });
    await banner.getByText("The daemon has not answered yet.").waitFor({ timeout: 30_000 });
    await expect.poll(() => held.length).toBe(2);
    await refresh(page);
    await expect.poll(() => held.length, { message: "who asks for it has it asked for at once" }).toBe(3);
    await held[2].continue();
    await banner.waitFor({ state: "detached" });
    await page.getByText(/^Paused · /).waitFor();
  });

  test("tells of a pinned cell that the nodes no longer have", async () => {
    const columns = minutes();
    const { url } = await cluster((_, phase) => half(columns, phase));
    const days = 5 * 24 * 60 * MINUTE;
    const time = Math.floor((Date.now() - days) / MINUTE) * MINUTE;
    const page = await show(url, `range=all&cell=${time}@route:2`);
    const text = new Date(time).toISOString().slice(0, 19).replace("T", " ");
    await page.getByText(`The nodes no longer have the window that ended ${text} UTC: the oldest they have`).waitFor();
    await leave();
    const again = await show(url, `range=1h&cell=${columns[0] - 30 * MINUTE}@route:2`);
    await again.getByText("The nodes no longer have the window that ended").waitFor();
    await leave();
    const between = await show(url, `range=1h&cell=${columns[5] + 1}@route:2`);
    await between.getByText(/^The nodes do not have the window that ended .+ UTC\.$/).waitFor();
  });
});
