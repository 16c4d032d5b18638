// The configuration's own view follows the file.
import type { Browser, Locator, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { close, launch, open, type Watched } from "./support/browser";
import { type Cluster, configuration, startCluster } from "./support/sample";

let cluster: Cluster;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  cluster = await startCluster();
  watched = await open(browser, cluster.daemon.url);
  page = watched.page;
  await page.goto(`${cluster.daemon.url}/admin/keyviz/`);
  await page.getByRole("button", { name: "Configuration" }).click();
  await page.getByRole("heading", { name: "Generation 1" }).waitFor();
});
afterEach(async () => {
  await cluster.stop();
  await close(watched);
});

/** The value and the origin of a key. */
async function shown(table: string, key: string): Promise<string[]> {
  const row = page
    .getByRole("table", { name: `[${table}]` })
    .getByRole("row")
    .filter({ has: header(key) });
  return row.getByRole("cell").allTextContents();
}

const header = (name: string): Locator => page.getByRole("rowheader", { name, exact: true });

test("every value is there with where it is from, and every peer with how it does", async () => {
  expect(await shown("fanout", "timeout")).toEqual(["2s", "default"]);
  expect(await shown("auth", "mode")).toEqual(["none", "line 2"]);
  const peers = page.getByRole("table", { name: /Peers/ });
  for (const { address } of cluster.nodes) {
    const row = peers.getByRole("row").filter({ hasText: address });
    await row.getByText("peer", { exact: true }).waitFor();
    await row.getByText("closed", { exact: true }).waitFor();
  }
  await expectAccessible(page, "configuration");
});

test("a peer that answers with an error is failing, and is not any more once it gives a matrix", async () => {
  const [node] = cluster.nodes;
  const row = page.getByRole("table", { name: /Peers/ }).getByRole("row").filter({ hasText: node.address });
  const card = page.getByRole("region", { name: "Peers", exact: true });
  const refresh = page.getByRole("button", { name: "Refresh now" });
  node.refusal = { status: 500, code: "internal", message: "because of a test" };
  await refresh.click();
  await card.getByText("2 entries, 1 failing").waitFor();
  await row.getByText("because of a test").waitFor();
  await expectAccessible(page, "configuration with a failing peer");
  node.refusal = undefined;
  await refresh.click();
  await row.getByText(/ago \(.+\), answers again$/).waitFor();
  await card.getByText("2 entries", { exact: true }).waitFor();
});

test("an edit of the file is seen without a reload of the page", async () => {
  const { daemon, nodes } = cluster;
  daemon.edit(configuration(nodes, 'fanout.timeout = "1s"\n'));
  await page.getByRole("heading", { name: "Generation 2" }).waitFor();
  expect(await shown("fanout", "timeout")).toEqual(["1s", "line 4"]);
  await page.getByText("2 applied, 0 rejected").waitFor();
});

test("an edit with a mistake is told with its place, and changes nothing", async () => {
  const { daemon, nodes } = cluster;
  daemon.edit(configuration(nodes, "fanout.timeout = 7\n"));
  const alert = page.getByRole("alert").filter({ hasText: "The last edit was refused; generation 1 still runs." });
  await alert.waitFor();
  await alert.getByText(/line 4, column \d+/).waitFor();
  await alert.getByText("fanout.timeout", { exact: true }).waitFor();
  expect(await shown("fanout", "timeout")).toEqual(["2s", "default"]);
  await expectAccessible(page, "a refused edit");
  daemon.edit(configuration(nodes));
  await alert.waitFor({ state: "detached" });
});

test("a key that waits for a restart is listed with both values", async () => {
  const { daemon, nodes } = cluster;
  daemon.edit(configuration(nodes, 'server.control_socket = "control.sock"\n'));
  const row = page
    .getByRole("table", { name: /wait for a restart/ })
    .getByRole("row")
    .filter({ hasText: "control_socket" });
  await row.waitFor();
  await row.getByText("control.sock").waitFor();
  await expectAccessible(page, "waiting for a restart");
});

test("what was read from a daemon that has gone is not called in force", async () => {
  await page.getByText("in force", { exact: true }).waitFor();
  await cluster.daemon.stop();
  await page.getByText("was in force", { exact: true }).waitFor();
  const alert = page.getByRole("alert").filter({ hasText: "The daemon can’t be reached" });
  await alert.getByText(/^What follows is as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$/).waitFor();
  await expectAccessible(page, "configuration of a daemon that has gone");
});

test("what was read from a daemon that has stopped to answer is not called in force", async () => {
  await page.getByText("in force", { exact: true }).waitFor();
  const held: Route[] = [];
  await page.context().route("**/keyviz/config", (route) => void held.push(route));
  await page.getByText("was in force", { exact: true }).waitFor({ timeout: 40_000 });
  await page.getByRole("alert").filter({ hasText: "The daemon has not answered yet" }).waitFor();
  expect(held.length, "one question at a time").toBeLessThan(4);
  await page.context().unroute("**/keyviz/config");
  await page.getByText("in force", { exact: true }).waitFor({ timeout: 40_000 });
});

test("Esc leaves alone what is pinned on the picture", async () => {
  await page.waitForURL(/view=config/);
  await page.goBack();
  await page.getByRole("application", { name: /heat map/i }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const card = page.getByRole("region", { name: "Pinned cell" });
  await card.waitFor();
  await page.getByRole("button", { name: "Configuration" }).click();
  await page.getByRole("heading", { name: "Generation 1" }).waitFor();
  await page.waitForURL(/view=config/);
  await page.keyboard.press("Escape");
  await page.goBack();
  await card.waitFor();
});

test("the way back from here leads to the picture", async () => {
  await page.waitForURL(/view=config/);
  await page.goBack();
  await page.getByRole("application", { name: /heat map/i }).waitFor();
});
