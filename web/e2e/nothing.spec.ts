// What stands in place of the picture, and how the page fits its window.
import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";
import { expectAccessible } from "./support/axe";
import { Chart } from "./support/chart";
import { configuration, half, KEYS, MINUTE, minutes } from "./support/sample";
import { OPTIONS, refreshUntil, stage } from "./support/stage";

const { node, daemon, cluster, show, leave } = stage();

describe("no picture", () => {
  test("says where to sign in, and shows the picture once that is done", async () => {
    const { url } = await cluster(half, "forward");
    const page = await show(url);
    const alert = page.getByRole("region", { name: "Not signed in" });
    await alert.getByRole("heading", { name: "Not signed in" }).waitFor();
    const link = alert.getByRole("link");
    expect(await link.getAttribute("href")).toBe("http://127.0.0.1:8080/admin/");
    await alert.getByText("then reload this page").waitFor();
    await expectAccessible(page, "not signed in");
    await page.context().addCookies([{ name: "admin_session", value: "a-session", url, httpOnly: true }]);
    await page.reload();
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
  });

  test("says that no node gave a matrix, and what each of them did", async () => {
    const { nodes, url } = await cluster();
    await nodes[0].stop();
    nodes[1].refusal = { status: 500, code: "internal", message: "something broke" };
    const page = await show(url);
    const alert = page.getByRole("region", { name: "No node gave a matrix" });
    await alert.getByRole("heading", { name: "No node gave a matrix" }).waitFor();
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

  test("says what to do where all nodes say the same, in words that all of them have used", async () => {
    const { nodes, url } = await cluster();
    const page = await show(url);
    await page.getByText("2/2 nodes").waitFor();
    await page.getByRole("radio", { name: "Reads" }).check();
    await page.getByText("series reads").waitFor();
    for (const [status, code, title, advice] of [
      [503, "keyviz_disabled", "The key visualizer is switched off on every node", "--keyvizEnabled"],
      [401, "unauthenticated", "No node takes this session", "the daemon calls the nodes without a session"],
      [500, "internal", "No node gave a matrix", "Each of them failed as listed below"],
    ] as const) {
      for (const node of nodes) node.refusal = { status, code, message: "because of a test" };
      await refreshUntil(page, () => page.getByRole("alert").filter({ hasText: title }).isVisible());
      await page.getByRole("region", { name: "Stale picture" }).getByText(advice).waitFor();
    }
  });

  test("has room for all that the nodes said", async () => {
    const { nodes, url } = await cluster();
    for (const node of nodes) node.refusal = { status: 500, code: "x".repeat(900), message: "y".repeat(900) };
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 1280, height: 800 },
    ]) {
      const page = await show(url, "range=all", { viewport });
      const retry = page.getByRole("button", { name: "Try again" });
      await retry.waitFor();
      for (const more of await page.getByText("… more").all()) await more.click();
      const below = (element: Locator) => element.evaluate((node) => node.getBoundingClientRect().bottom);
      expect(await below(retry)).toBeLessThan(await below(page.getByRole("region", { name: "Heat map" })));
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      await expectAccessible(page, `long errors, ${viewport.width} pixels wide`);
      await leave();
    }
  });

  test("says that the nodes have nothing of a time that is long gone", async () => {
    const { url } = await cluster();
    const page = await show(url, "range=1700000000000-1700003600000");
    await page.getByText("have no windows of 2023-11-14 22:13:20 – 23:13:20 UTC").waitFor();
    await expectAccessible(page, "long gone");
    await page.getByRole("button", { name: "Show all there is" }).click();
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
  });

  test("says that a range is still to come, and calls it neither live nor gone", async () => {
    const { url } = await cluster();
    const page = await show(url, "range=4102444800000-4102448400000");
    await page.getByText("2100-01-01 00:00:00 – 01:00:00 UTC is still to come.").waitFor();
    await page.getByText(/^Future range · /).waitFor();
  });

  test("calls it not live where the nodes have nothing of the present", async () => {
    const { url } = await cluster((columns, phase) =>
      half(
        columns.map((column) => column - 120 * MINUTE),
        phase,
      ),
    );
    const page = await show(url, "range=1h");
    await page.getByText("have no windows that are so new").waitFor();
    await page.getByText(/^No windows · asked /).waitFor();
    await expectAccessible(page, "no windows");
  });

  test("says to sign in again where the daemon itself takes the session no more", async () => {
    const { nodes, url, daemon } = await cluster();
    const page = await show(url, "range=all&view=config");
    await page.getByRole("heading", { name: "Peers" }).waitFor();
    daemon.edit(configuration(nodes, OPTIONS, "forward"));
    await page.getByRole("button", { name: "Heat map" }).click();
    await refreshUntil(page, () => page.getByText("Not signed in").first().isVisible());
    await page.getByText("Sign in at the node’s own admin page").waitFor();
    expect(await page.getByText('auth.mode = "none"').count()).toBe(0);
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
      await leave();
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

  test("a finger that touches a cell is told what it counts", async () => {
    const { url } = await cluster();
    const page = await show(url, "range=all", { viewport: { width: 360, height: 740 }, hasTouch: true });
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
    const chart = new Chart(page);
    const { x, y } = (await chart.grid())({ row: KEYS.indexOf("orders"), column: 5 });
    await page.touchscreen.tap(x, y);
    const told = page.locator(".tooltip").getByText("100,000 writes");
    await told.waitFor();
    const { bottom } = await told.evaluate((element) => element.getBoundingClientRect());
    expect(bottom).toBeLessThan(740);
    await page.getByRole("region", { name: "Pinned cell" }).getByText("100,000 writes").waitFor();
    const box = await chart.box();
    await page.touchscreen.tap(box.x + 10, y);
    await told.waitFor({ state: "hidden" });
    await page.touchscreen.tap(x, y);
    await told.waitFor();
    await page.touchscreen.tap(180, 20);
    await told.waitFor({ state: "hidden" });
  });

  test("the help begins at its beginning, however low the window is", async () => {
    const { url } = await cluster();
    const page = await show(url, "range=all", { viewport: { width: 360, height: 500 } });
    await page.getByText("cluster view (2 of 2 nodes)").waitFor();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    expect(await dialog.evaluate((element) => element.scrollTop)).toBe(0);
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "detached" });
  });
});
