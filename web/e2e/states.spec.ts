// What the page says when something is wrong or nothing is there: what to do next, and to everybody.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { close, launch, open, type Watched } from "./support/browser";
import { Chart } from "./support/chart";
import { type Counted, Node } from "./support/node";
import { type Daemon, startDaemon } from "./support/program";
import { COLUMNS, configuration, half, minutes, PATIENT } from "./support/sample";

let browser: Browser;
let watched: Watched | undefined;
/** What a test has started, to be stopped after it. */
let started: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  const [page, running] = [watched, started];
  [watched, started] = [undefined, []];
  await Promise.all(running.map((one) => one.stop()));
  if (page) await close(page);
});

const DEGRADED = "Cluster view degraded — 1 of 2 nodes responded";
/** Without a breaker a node that is back is asked at once. */
const OPTIONS = `fanout.breaker_failures = 0\n${PATIENT}`;

async function node(id: string, counted: Counted): Promise<Node> {
  const made = await Node.start(id, counted);
  started.push(made);
  return made;
}

async function daemon(toml: string, listen?: string): Promise<Daemon> {
  const made = await startDaemon(toml, listen);
  started.push(made);
  return made;
}

/** Two nodes, and a daemon over them. */
async function cluster(counted = half, auth?: string): Promise<{ nodes: [Node, Node]; url: string; daemon: Daemon }> {
  const columns = minutes();
  const nodes: [Node, Node] = [await node("n1", counted(columns, 0)), await node("n2", counted(columns, 20_000))];
  const running = await daemon(configuration(nodes, OPTIONS, auth));
  return { nodes, url: running.url, daemon: running };
}

async function show(url: string, hash = "range=all", options: BrowserContextOptions = {}): Promise<Page> {
  watched = await open(browser, url, options);
  await watched.page.goto(`${url}/admin/keyviz/#${hash}`);
  return watched.page;
}

const refresh = (page: Page) => page.getByRole("button", { name: "Refresh now" }).click();

/** Asks again until there is something to see. */
async function refreshUntil(page: Page, seen: () => Promise<boolean>): Promise<void> {
  await expect
    .poll(
      async () => {
        await refresh(page);
        return seen();
      },
      { interval: 500 },
    )
    .toBe(true);
}

describe("a picture with something wrong", () => {
  test("names each node that is missing, why, and when it last answered", async () => {
    const { nodes, url } = await cluster();
    const page = await show(url);
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
    await nodes[1].stop();
    await refresh(page);
    const banner = page.getByRole("status", { name: "Degraded cluster view" });
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
    const alert = page.getByRole("alert").filter({ hasText: "No node answered. This picture is" });
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
    await card.getByText(/^up to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/).waitFor();
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
    const alert = page.getByRole("alert").filter({ hasText: "The daemon can’t be reached" });
    await alert.getByText(/This picture is .+ old \(from \d\d:\d\d:\d\d/).waitFor();
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
});

describe("no picture", () => {
  test("says where to sign in, and shows the picture once that is done", async () => {
    const { url } = await cluster(half, "forward");
    const page = await show(url);
    const alert = page.getByRole("alert");
    await alert.getByRole("heading", { name: "Not signed in" }).waitFor();
    const link = alert.getByRole("link");
    expect(await link.getAttribute("href")).toBe("http://127.0.0.1:8080/admin/");
    await alert.getByText("then reload this page").waitFor();
    await expectAccessible(page, "not signed in");
    await page.context().addCookies([{ name: "admin_session", value: "a-session", url, httpOnly: true }]);
    await page.reload();
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
  });

  test("says that no node answered, and what each of them did", async () => {
    const { nodes, url } = await cluster();
    await nodes[0].stop();
    nodes[1].refusal = { status: 500, code: "internal", message: "something broke" };
    const page = await show(url);
    const alert = page.getByRole("alert");
    await alert.getByRole("heading", { name: "No node answered" }).waitFor();
    await alert
      .getByRole("listitem")
      .filter({ hasText: nodes[0].address })
      .getByText("refused", { exact: true })
      .waitFor();
    await alert
      .getByRole("listitem")
      .filter({ hasText: nodes[1].address })
      .getByText("status", { exact: true })
      .waitFor();
    await alert.getByText("HTTP 503 · no_node_answered").waitFor();
    await expectAccessible(page, "no node answered");
    await nodes[0].resume();
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByText("cluster view (1 of 2 nodes)").waitFor();
  });

  test("says that the sampler is off", async () => {
    const local = await node("n1", half(minutes(), 0));
    local.refusal = { status: 503, code: "keyviz_disabled", message: "the key visualizer is disabled" };
    const { url } = await daemon(`auth.mode = "none"\nlocal.source = "http"\nlocal.url = "http://${local.address}"\n`);
    const page = await show(url);
    await page.getByRole("heading", { name: "The key visualizer is switched off" }).waitFor();
    await expectAccessible(page, "switched off");
  });

  test("says why, for each way to be refused", async () => {
    const local = await node("n1", half(minutes(), 0));
    const { url } = await daemon(
      `auth.mode = "forward"\nlocal.source = "http"\nlocal.url = "http://${local.address}"\n`,
    );
    for (const [status, code, title] of [
      [403, "forbidden", "This session may not read the key visualizer"],
      [500, "internal", "The local node does not answer"],
    ] as const) {
      local.refusal = { status, code, message: "because of a test" };
      const page = await show(url);
      await page.context().addCookies([{ name: "admin_session", value: `s${status}`, url, httpOnly: true }]);
      await page.reload();
      await page.getByRole("heading", { name: title }).waitFor();
      await expectAccessible(page, title);
      await close(watched as Watched);
      watched = undefined;
    }
  });

  test("says that the daemon has another name", async () => {
    const { url } = await cluster();
    const page = await show(url);
    // A browser sends no other name than the one it has connected to.
    await page.context().route("**/keyviz/matrix?*", async (route) => {
      const headers = { ...route.request().headers(), host: "elsewhere.example" };
      await route.fulfill({ response: await route.fetch({ headers }) });
    });
    await page.reload();
    await page.getByRole("heading", { name: "The daemon does not answer to this host name" }).waitFor();
    await expectAccessible(page, "misdirected");
  });

  test("says that there was no traffic, and offers more of the past", async () => {
    const { url } = await cluster((columns) => ({ columns, rows: [] }));
    const page = await show(url, "");
    await page.getByRole("heading", { name: "No writes in this window" }).waitFor();
    await expectAccessible(page, "no traffic");
    await page.getByRole("button", { name: "Show all there is" }).click();
    await page.getByText("Rows appear with their first traffic").waitFor();
  });

  test("says that nothing matches the search, and takes it back", async () => {
    const { url } = await cluster();
    const page = await show(url, "range=all&filter=0x00ff");
    await page.getByRole("heading", { name: "No row matches the search" }).waitFor();
    await expectAccessible(page, "no match");
    await page.getByRole("button", { name: "Clear the search" }).click();
    await new Chart(page).host.waitFor();
  });
});

describe("any size of window", () => {
  for (const [width, height] of [
    [360, 740],
    [3840, 2160],
  ]) {
    test(`${width} × ${height} shows all of it without scrolling sideways`, async () => {
      const { url } = await cluster();
      const page = await show(url, "range=all", { viewport: { width, height } });
      await page.getByText("cluster view (2 of 2 nodes)").waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(width);
      expect((await new Chart(page).box()).width).toBeGreaterThan(width / 2);
      await expectAccessible(page, `${width} pixels wide`);
    });
  }
});
