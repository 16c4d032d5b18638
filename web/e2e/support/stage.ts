// A stage for one test after another: nodes, daemons and a page, all of them gone when the test is.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { close, launch, open, type Watched } from "./browser";
import { type Counted, Node } from "./node";
import { type Daemon, startDaemon } from "./program";
import { configuration, half, minutes, PATIENT } from "./sample";

/** Without a breaker a node that is back is asked at once. */
export const OPTIONS = `fanout.breaker_failures = 0\n${PATIENT}`;

export interface Stage {
  node(id: string, counted: Counted): Promise<Node>;
  daemon(toml: string, listen?: string): Promise<Daemon>;
  /** Two nodes, and a daemon over them. */
  cluster(
    counted?: (columns: number[], phase: number) => Counted,
    auth?: string,
  ): Promise<{ nodes: [Node, Node]; url: string; daemon: Daemon }>;
  /** Opens the page of a daemon. */
  show(url: string, hash?: string, options?: BrowserContextOptions): Promise<Page>;
  /** Closes that page before the test is over. */
  leave(): Promise<void>;
}

/** For all tests of the file that calls it. */
export function stage(): Stage {
  let browser: Browser;
  let watched: Watched | undefined;
  let started: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const leave = async () => {
    const page = watched;
    watched = undefined;
    if (page) await close(page);
  };
  afterEach(async () => {
    const running = started;
    started = [];
    await Promise.all(running.map((one) => one.stop()));
    await leave();
  });

  const node = async (id: string, counted: Counted) => {
    const made = await Node.start(id, counted);
    started.push(made);
    return made;
  };
  const daemon = async (toml: string, listen?: string) => {
    const made = await startDaemon(toml, listen);
    started.push(made);
    return made;
  };
  return {
    node,
    daemon,
    leave,
    cluster: async (counted = half, auth) => {
      const columns = minutes();
      const nodes: [Node, Node] = [await node("n1", counted(columns, 0)), await node("n2", counted(columns, 20_000))];
      const running = await daemon(configuration(nodes, OPTIONS, auth));
      return { nodes, url: running.url, daemon: running };
    },
    show: async (url, hash = "range=all", options = {}) => {
      watched = await open(browser, url, options);
      await watched.page.goto(`${url}/admin/keyviz/#${hash}`);
      return watched.page;
    },
  };
}

/** When the answer that is shown had arrived, as the page marks it. */
export const arrived = (page: Page) =>
  page.evaluate(() => performance.getEntriesByName("keyviz-data").at(-1)?.startTime);

export const refresh = (page: Page) => page.getByRole("button", { name: "Refresh now" }).click();

/** Asks again until there is something to see. */
export async function refreshUntil(page: Page, seen: () => Promise<boolean>): Promise<void> {
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
