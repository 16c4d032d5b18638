// New columns are spliced onto old ones; whatever nodes do meanwhile, the page has what asking for all of it would give.
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { matrixOf } from "./support/answers";
import { close, launch, open } from "./support/browser";
import { linesOf, saved } from "./support/download";
import { Node } from "./support/node";
import { startDaemon } from "./support/program";
import { configuration, half, MINUTE, minutes, PATIENT } from "./support/sample";
import { arrived, refresh } from "./support/stage";

const ROUNDS = 20;
const KEYS = ["a", "b", "c", "d"];
const PHASES = [0, 20_000, 40_000];
const BEGIN = Math.floor(Date.now() / MINUTE) * MINUTE - 70 * MINUTE;

/** Numbers that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A node that may be late with its newest windows, have counted only a part of the last, or be away. */
class Member {
  up = true;
  late = 0;

  private constructor(
    readonly node: Node,
    readonly index: number,
  ) {}

  static async start(index: number): Promise<Member> {
    const member = new Member(await Node.start(`n${index + 1}`, { columns: [], rows: [] }), index);
    member.count(10, false);
    return member;
  }

  /** @param minutes since the beginning */
  count(minutes: number, inPart: boolean): void {
    const columns = Array.from({ length: minutes - this.late }, (_, at) => BEGIN + at * MINUTE - PHASES[this.index]);
    const counted = (row: number) => columns.map((_, at) => ((at + row * 3 + this.index) % 4 === 0 ? at + 2 : 0));
    const rows = KEYS.map((start, row) => {
      const values = counted(row);
      if (inPart) values[values.length - 1] >>= 1;
      return { bucket_id: `route:${start}`, start, end: KEYS[row + 1], values };
    });
    this.node.counted = { columns, rows };
  }

  async toggle(): Promise<void> {
    await (this.up ? this.node.stop() : this.node.resume());
    this.up = !this.up;
  }
}

/** Bucket, column, nodes and count of each cell with traffic, as the page saves them. */
async function counted(page: Page): Promise<string[]> {
  const lines = linesOf((await saved(page, "CSV")).bytes);
  return lines.map((line) => [0, 4, 5, 6].map((field) => line.split(",")[field]).join());
}

async function answered(url: string): Promise<string[]> {
  const { rows, column_unix_ms, column_nodes } = await matrixOf(url);
  return rows.flatMap(({ bucket_id, values }) =>
    values.flatMap((count, at) => (count ? [`${bucket_id},${column_unix_ms[at]},${column_nodes[at]},${count}`] : [])),
  );
}

/** Has the page ask once more, and waits until it has what came. */
async function poll(page: Page): Promise<void> {
  const before = await arrived(page);
  await refresh(page);
  await expect.poll(() => arrived(page)).not.toBe(before);
}

test("polls make what asking for everything makes", async () => {
  const next = random(7);
  const members = await Promise.all(PHASES.map((_, index) => Member.start(index)));
  const nodes = members.map(({ node }) => node);
  onTestFinished(() => Promise.all(nodes.map((node) => node.stop())).then(() => {}));
  const daemon = await startDaemon(configuration(nodes, `fanout.breaker_failures = 0\n${PATIENT}`));
  onTestFinished(() => daemon.stop());
  const browser = await launch();
  onTestFinished(() => browser.close());
  const watched = await open(browser, daemon.url);
  const { page } = watched;
  const asked: string[] = [];
  page.context().on("request", (request) => {
    if (request.url().includes("/matrix")) asked.push(request.url());
  });
  await page.goto(`${daemon.url}/admin/keyviz/#range=all`);
  await page.getByText("cluster view (3 of 3 nodes)").waitFor();
  await page.getByRole("combobox", { name: "Refresh" }).selectOption("0");
  let minutes = 10;
  for (let round = 0; round < ROUNDS; round++) {
    minutes += Math.floor(next() * 3);
    for (const member of members) {
      if (next() < 0.3) member.late = Math.floor(next() * 3);
      member.count(minutes, next() < 0.3);
    }
    const away = members.find(({ up }) => !up);
    if (next() < 0.3) await (away ?? members[round % 3]).toggle();
    await poll(page);
    const expected = await answered(daemon.url);
    await expect.poll(() => counted(page), { message: `round ${round}` }).toEqual(expected);
  }
  const parts = asked.filter((url) => url.includes("from_unix_ms")).length;
  expect(parts, "some polls asked for the newest columns alone").toBeGreaterThan(ROUNDS / 4);
  await close(watched);
});

test("an answer that comes late is not taken for that of a question asked since", async () => {
  const nodes = [await Node.start("n1", half(minutes(), 0))];
  onTestFinished(() => nodes[0].stop());
  const daemon = await startDaemon(configuration(nodes, PATIENT));
  onTestFinished(() => daemon.stop());
  const browser = await launch();
  onTestFinished(() => browser.close());
  const watched = await open(browser, daemon.url);
  const { page } = watched;
  await page.goto(`${daemon.url}/admin/keyviz/#range=all`);
  await page.getByText("series writes").waitFor();
  await page.getByRole("combobox", { name: "Refresh" }).selectOption("0");

  const held: { series: string | null; release: () => Promise<void> }[] = [];
  await page.context().route("**/keyviz/matrix?*", async (route) => {
    const response = await route.fetch();
    // As of a configuration that has changed: no columns are spliced onto older ones.
    const headers = { ...response.headers(), "x-keyviz-config-generation": String(held.length + 2) };
    const series = new URL(route.request().url()).searchParams.get("series");
    held.push({ series, release: () => route.fulfill({ response, headers }) });
  });
  const asked = (count: number) => expect.poll(() => held.length).toBe(count);
  await refresh(page);
  await asked(1);
  await page.getByRole("radio", { name: "Reads" }).check();
  await asked(2);
  await held[0].release();
  // What came of the first question is no reason to ask for anything now.
  await page.waitForTimeout(500);
  await page.getByRole("radio", { name: "Writes" }).check();
  await asked(3);
  expect(held.map(({ series }) => series)).toEqual(["writes", "reads", "writes"]);
  await held[1].release();
  await page.waitForTimeout(500);
  await page.getByText("series writes").waitFor();
  await held[2].release();
  await asked(4);
  await held[3].release();
  await expect.poll(() => counted(page)).toEqual(await answered(daemon.url));
  await close(watched);
});
