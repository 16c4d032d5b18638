// The page over a simulated cluster that goes on, and over as much as it can get.
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { close, launch, open, type Watched } from "./support/browser";
import { Chart } from "./support/chart";
import { HOT, large } from "./support/large";
import { Node } from "./support/node";
import { type Running, startDaemon, startDemo } from "./support/program";
import { configuration } from "./support/sample";

let browser: Browser;
let watched: Watched | undefined;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  const page = watched;
  watched = undefined;
  if (page) await close(page);
});

describe("the demo", () => {
  let demo: Running;
  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(() => demo?.stop());

  /** On a busy machine a node may miss its deadline, and all of them may; the page asks again after 10 s. */
  const drawn = (page: Page) => page.getByText(/cluster view \([1-3] of 3 nodes\)/).waitFor({ timeout: 40_000 });

  test("is drawn anew with each poll, which asks for the newest columns alone and moves no zoom", async () => {
    watched = await open(browser, demo.url);
    const { page } = watched;
    const asked: URLSearchParams[] = [];
    page.context().on("request", (request: Request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.endsWith("/matrix")) asked.push(searchParams);
    });
    await page.goto(`${demo.url}/admin/keyviz/#series=reads&range=all`);
    await drawn(page);
    const chart = new Chart(page);
    const { x, y, width, height } = await chart.box();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.wheel(0, -300);
    const zoom = () => new URLSearchParams(new URL(page.url()).hash.slice(1)).get("time");
    await expect.poll(zoom).not.toBeNull();
    const before = zoom();
    await page.getByRole("combobox", { name: "Refresh" }).selectOption("5");
    const newest = () => asked.filter((query) => Number(query.get("from_unix_ms")) > Date.now() - 120_000);
    await expect.poll(() => newest().length, { timeout: 40_000 }).toBeGreaterThan(1);
    expect(asked[0].get("from_unix_ms")).toBeNull();
    expect(zoom()).toBe(before);
  });

  test("has room for the whole table in a laptop's window", async () => {
    watched = await open(browser, demo.url);
    const { page } = watched;
    await page.goto(`${demo.url}/admin/keyviz/#range=all`);
    await drawn(page);
    const box = page.locator(".table-box");
    await box.waitFor();
    expect(await box.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
  });

  test("needs nothing but what came with the page, compressed", async () => {
    watched = await open(browser, demo.url);
    const { page } = watched;
    const answers = new Map<string, Record<string, string>>();
    page.context().on("response", (response) => answers.set(new URL(response.url()).pathname, response.headers()));
    await page.goto(`${demo.url}/admin/keyviz/`);
    await drawn(page);
    const scripts = [...answers].filter(([path]) => path.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(1);
    for (const [path, headers] of scripts) {
      expect(headers["cache-control"], path).toBe("public, max-age=31536000, immutable");
      const as = async (encoding: string) => {
        const response = await fetch(demo.url + path, { headers: { "Accept-Encoding": encoding } });
        return { encoding: response.headers.get("content-encoding"), text: await response.text() };
      };
      const [plain, gzip, br] = [await as("identity"), await as("gzip"), await as("br")];
      expect([plain.encoding, gzip.encoding, br.encoding]).toEqual([null, "gzip", "br"]);
      expect(gzip.text === plain.text && br.text === plain.text, path).toBe(true);
    }
  });
});

describe("1,024 rows × 1,440 columns", () => {
  let node: Node;
  let daemon: Running;
  beforeAll(async () => {
    node = await Node.start("n1", large());
    daemon = await startDaemon(configuration([node], 'fanout.timeout = "20s"\n'));
  });
  afterAll(async () => {
    await Promise.all([daemon?.stop(), node?.stop()]);
  });

  test("show a hot spot of one cell, to the pointer too, and find it", async () => {
    watched = await open(browser, daemon.url);
    const { page } = watched;
    await page.goto(`${daemon.url}/admin/keyviz/#range=all`);
    await page.getByText("1,024 rows × 1,440 columns · series writes · max = 1,000,000").waitFor({ timeout: 60_000 });
    const chart = new Chart(page);
    await chart.settled();
    const lightest = await chart.pixelsOf([252, 255, 164]);
    expect(lightest.length, "pixels of the lightest colour").toBeGreaterThan(0);
    for (const { x, y } of lightest) {
      await page.mouse.move(x, y);
      await expect.poll(() => chart.spoken()).toContain("1,000,000 writes");
      await page.mouse.move(x, y + 20);
      await expect.poll(() => chart.spoken()).not.toContain("1,000,000 writes");
    }
    await page.mouse.move(5, 5);
    await chart.host.focus();
    await page.keyboard.press("ArrowRight");
    expect(await chart.spoken()).toContain("1,000,000 writes");
    expect(await chart.spoken()).toContain(HOT);
  });
});
