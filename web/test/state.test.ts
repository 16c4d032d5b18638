import { describe, expect, test } from "vitest";
import { decode } from "../src/data/decode";
import { isCurrent, lastComplete, windowMs } from "../src/data/matrix";
import { failureOf, matrixUrl } from "../src/data/request";
import { busiestNow, hottest, meanOf, sortRows, windowStats } from "../src/data/stats";
import { toZoom } from "../src/picture/zoomref";
import { isFailing } from "../src/state/config";
import { DEFAULTS, type PageState, reachingBack, read, write } from "../src/state/url";
import { answer, big, random } from "./fixtures";

describe("the address", () => {
  const full: PageState = {
    view: "map",
    series: "read_bytes",
    range: { kind: "span", from: 1000, to: 2000 },
    zoom: {
      time: [1200, 1500],
      rows: [
        { bucket: "0.5@route:1&=#", share: 0 },
        { bucket: "virtual:7/ü", share: 0.625 },
      ],
    },
    filter: "key:a b+c",
    scale: "quantile",
    brightness: -0.4,
    ramp: "cividis",
    cell: { bucket: "route:1@2#3", time: 1300 },
  };

  test("holds all that is shown", () => {
    expect(read(write(full))).toEqual(full);
    expect(read(`#${write(full)}`)).toEqual(full);
  });

  test("is empty where nothing is out of the usual", () => {
    expect(write(DEFAULTS)).toBe("");
    expect(read("")).toEqual(DEFAULTS);
  });

  test.each(["15m", "1h", "6h", "24h", "all", "90s"])("knows the range %s", (range) => {
    expect(write(read(`range=${range}`))).toBe(range === "1h" ? "" : `range=${range}`);
  });

  test("that is opened late still reaches what it was made for", () => {
    const [hour, now] = [3_600_000, 100 * 3_600_000];
    const late = (state: Partial<PageState>) => reachingBack({ ...DEFAULTS, ...state }, now).range;
    const cell = (time: number) => ({ cell: { bucket: "a", time } });
    expect(late(cell(now - hour / 2))).toEqual(DEFAULTS.range);
    expect(late(cell(now - 9 * hour))).toEqual({ kind: "span", from: now - 9.5 * hour, to: now - 8.5 * hour + 1 });
    expect(late(cell(now - hour - 1))).toEqual({ kind: "span", from: now - 1.5 * hour - 1, to: now - hour / 2 });
    const zoomed = late({ zoom: { time: [now - 9 * hour, now - 3 * hour] }, ...cell(now - 2 * hour) });
    expect(zoomed).toEqual({ kind: "span", from: now - 9 * hour, to: now - 2 * hour + 1 });
    expect(late({ range: { kind: "all" }, ...cell(1) })).toEqual({ kind: "all" });
    expect(
      read(write(reachingBack({ ...DEFAULTS, ...cell(1) }, now))).range,
      "an address has no time before 1970",
    ).toEqual(late(cell(1)));
  });

  test("that is opened again goes on with the present, zoomed to its oldest part or not", () => {
    const [minute, now] = [60_000, 100 * 3_600_000];
    const columns = Array.from({ length: 60 }, (_, index) => (index + 1 - 60) * minute + now);
    const rows = [{ bucket_id: "a", start: null, values: columns.map(() => 1) }];
    const matrix = decode(answer(columns, rows, { step_ms: minute }));
    const zoom = toZoom({ x0: 0, x1: 30, y0: 0, y1: 1 }, matrix, Uint32Array.of(0));
    const again = reachingBack(read(write({ ...DEFAULTS, zoom })), now + 5 * minute);
    expect(again).toEqual({ ...DEFAULTS, zoom });
  });

  test("that makes no sense is as if it were not there", () => {
    expect(read("series=x&range=9-1&time=a-b&scale=&brightness=7&cell=@&colours=%FF&first=a&view=etc")).toEqual(
      DEFAULTS,
    );
  });
});

describe("the question", () => {
  test("has whole bounds, wide enough", () => {
    expect(matrixUrl({ series: "reads", from: 10.7, to: 20.2 })).toBe(
      "/admin/api/v1/keyviz/matrix?series=reads&from_unix_ms=10&to_unix_ms=21",
    );
    expect(matrixUrl({ series: "writes" })).toBe("/admin/api/v1/keyviz/matrix?series=writes");
  });

  test("may meet any kind of refusal", () => {
    const fanout = { nodes: [{ node: "a", ok: false, role: "peer" }], responded: 0, expected: 1, complete: false };
    expect(failureOf(503, JSON.stringify({ error: "no_node_answered", message: "none", fanout }))).toEqual({
      status: 503,
      code: "no_node_answered",
      message: "none",
      fanout,
    });
    for (const body of ["", "<html>", "null", "[1]", '{"error":7,"fanout":{"nodes":3}}']) {
      expect(failureOf(502, body)).toMatchObject({ status: 502, code: "", fanout: null });
    }
  });
});

describe("the newest complete column", () => {
  const make = (nodes: number[] | undefined, responded = 3) =>
    decode(
      answer([10, 20, 30, 40], [], {
        ...(nodes && { column_nodes: nodes }),
        step_ms: 10,
        fanout: { nodes: [], responded, expected: 3, complete: responded === 3 },
      }),
    );

  test("is the last that all nodes have", () => {
    expect(lastComplete(make([3, 3, 3, 1]))).toBe(2);
    expect(lastComplete(make([3, 2, 3, 3]))).toBe(3);
    expect(lastComplete(make([2, 2, 2, 1], 2))).toBe(2);
    expect(lastComplete(make([1, 1, 1, 1]))).toBe(-1);
    expect(lastComplete({ ...make([3, 1, 2, 1]), stepMs: null })).toBe(3);
  });

  test("is the last but one where nobody says", () => {
    expect(lastComplete(make(undefined))).toBe(2);
  });

  test("has the width of the step, or of the usual gap", () => {
    expect(windowMs(decode(answer([10, 20, 30, 90], [])))).toBe(10);
    expect(windowMs(decode(answer([10, 20], [], { step_ms: 5 })))).toBe(5);
    expect(windowMs(decode(answer([10], [])))).toBe(60_000);
    const fanout = { nodes: [], responded: 3, expected: 3, complete: true };
    expect(windowMs(decode(answer([10, 20, 30, 90], [], { step_ms: null, fanout })))).toBeNull();
    expect(windowMs(decode(answer([10], [], { step_ms: 5, fanout }))), "one column alone").toBeNull();
    const nodes = [{ node: "a", ok: true, role: "peer", warnings: [{ code: "step_mismatch", message: "" }] }];
    expect(windowMs(decode(answer([10, 20], [], { step_ms: 5, fanout: { ...fanout, nodes } })))).toBeNull();
  });
});

describe("a column of the present", () => {
  const current = (step: number | null, age: number) => {
    const now = 1e12;
    const fanout = { nodes: [], responded: 3, expected: 3, complete: true };
    return isCurrent(decode(answer([now - age - 7, now - age], [], { step_ms: step, fanout })), 1, now);
  };

  test("is a few steps old at most, or half a minute where steps are short", () => {
    expect([current(60_000, 230_000), current(60_000, 250_000)]).toEqual([true, false]);
    expect([current(1000, 29_000), current(1000, 31_000)]).toEqual([true, false]);
  });

  test("may be a few minutes old where each node has steps of its own", () => {
    expect([current(null, 230_000), current(null, 250_000)]).toEqual([true, false]);
  });
});

describe("a peer", () => {
  const peer = (success: string | null, failure: string | null, role = "peer") =>
    isFailing({
      entry: "a",
      url: "http://a",
      role,
      why: "",
      addresses: [],
      breaker: "closed",
      consecutive_failures: 0,
      last_success: success,
      last_error: failure === null ? null : { at: failure, reason: "status", message: "" },
    });

  test("is failing when that is the last that is known of it", () => {
    const [before, after] = ["2026-01-01T00:00:00.100Z", "2026-01-01T00:00:00.200Z"];
    expect([peer(null, null), peer(after, null), peer(after, before)]).toEqual([false, false, false]);
    expect(peer(before, after, "duplicate"), "one that is asked no more").toBe(false);
    expect([peer(null, before), peer(before, after)]).toEqual([true, true]);
  });
});

describe("sums of the visible window", () => {
  const next = random(21);
  const columns = Array.from({ length: 20 }, (_, i) => i);
  const rows = Array.from({ length: 12 }, (_, i) => ({
    bucket_id: `b${i}`,
    label: i % 2 ? "x" : "",
    values: columns.map(() => Math.floor(next() * 100)),
  }));
  const matrix = decode(answer(columns, rows));
  const shown = Uint32Array.from([1, 3, 4, 8, 9]);
  const stats = windowStats(matrix, shown, 1, 4, { from: 5, to: 15 });

  test("are those of a slow sum", () => {
    expect(stats.rows.map(({ row }) => row)).toEqual([3, 4, 8]);
    for (const { row, total, peak, latest } of stats.rows) {
      const values = rows[row].values.slice(5, 15);
      expect([total, peak, latest]).toEqual([values.reduce((a, b) => a + b), Math.max(...values), values.at(-1)]);
    }
    expect(stats.latestColumn).toBe(14);
    expect(stats.columnTotals[7]).toBe([3, 4, 8].reduce((sum, row) => sum + rows[row].values[7], 0));
    expect(stats.columnTotals[4]).toBe(0);
    expect(hottest(stats)?.total).toBe(Math.max(...stats.rows.map(({ total }) => Number(total))));
  });

  test("have their newest where no later answer changes it", () => {
    const fanout = { nodes: [], responded: 2, expected: 2, complete: true };
    const nodes = columns.map((column) => (column > 16 ? 1 : 2));
    const short = decode(answer(columns, rows, { step_ms: 1, column_nodes: nodes, fanout }));
    const latest = (from: number, to: number) => windowStats(short, shown, 0, 5, { from, to }).latestColumn;
    expect([latest(0, 20), latest(0, 10), latest(18, 20)]).toEqual([16, 9, 19]);
    expect(windowStats(short, shown, 0, 1, { from: 0, to: 20 }).rows[0].latest).toBe(rows[1].values[16]);
  });

  test("have it before the newest where nodes have been missing for long", () => {
    const fanout = { nodes: [], responded: 2, expected: 2, complete: true };
    const nodes = columns.map((column) => (column > 9 ? 1 : 2));
    const gone = decode(answer(columns, rows, { step_ms: 1, column_nodes: nodes, fanout }));
    expect(windowStats(gone, shown, 0, 5, { from: 0, to: 20 }).latestColumn).toBe(18);
  });

  test("have an average of the windows that all nodes are in, where there are any", () => {
    const fanout = { nodes: [], responded: 2, expected: 2, complete: true };
    const rows = [{ bucket_id: "a", values: [10, 20, 3, 1] }];
    const of = (nodes: number[]) => decode(answer([1, 2, 3, 4], rows, { step_ms: 1, column_nodes: nodes, fanout }));
    const window = { from: 0, to: 4 };
    expect(meanOf(of([2, 2, 1, 1]), 0, window)).toBe(15);
    expect(meanOf(of([2, 2, 1, 1]), 0, { from: 2, to: 4 })).toBe(2);
    expect(meanOf(of([1, 1, 2, 2]), 0, window), "what lacks a node has more even so").toBe(8.5);
    expect(meanOf(decode(answer([1, 2, 3, 4], rows)), 0, window)).toBe(8.5);
  });

  test("find what is busiest now among the last complete column and those after it", () => {
    const fanout = { nodes: [], responded: 2, expected: 2, complete: true };
    const rows = [
      { bucket_id: "a", values: [90, 10, 10, 1] },
      { bucket_id: "b", values: [0, 5, 4, 20] },
      { bucket_id: "c", values: [0, 0, 0, 30] },
    ];
    const at = (nodes: number[]) => decode(answer([1, 2, 3, 4], rows, { step_ms: 1, column_nodes: nodes, fanout }));
    expect(busiestNow(at([2, 2, 2, 1]), [0, 1])).toEqual({ row: 1, column: 3, value: 20 });
    expect(busiestNow(at([2, 2, 2, 1]), [0])).toEqual({ row: 0, column: 2, value: 10 });
    expect(busiestNow(at([2, 2, 2, 2]), [0, 1, 2])).toEqual({ row: 2, column: 3, value: 30 });
    expect(busiestNow(at([2, 2, 2, 2]), [])).toBeNull();
  });

  test("sort either way", () => {
    const totals = (ascending: boolean) =>
      sortRows(stats.rows, matrix, "total", ascending).map(({ total }) => Number(total));
    expect(totals(false)).toEqual([...totals(true)].reverse());
    expect(sortRows(stats.rows, matrix, "key", false).map(({ row }) => row)).toEqual([8, 4, 3]);
    expect(sortRows(stats.rows, matrix, "label", true).map(({ row }) => row)).toEqual([4, 8, 3]);
    expect(sortRows(stats.rows, matrix, "label", false).map(({ row }) => row)).toEqual([3, 4, 8]);
  });

  test("stay exact beyond 2^53", () => {
    const huge = decode(
      answer(
        [1, 2],
        [
          { bucket_id: "a", values: [big("9007199254740993"), 2] },
          { bucket_id: "b", values: [5, 0] },
        ],
      ),
    );
    const [first] = windowStats(huge, Uint32Array.from([0, 1]), 0, 2, { from: 0, to: 2 }).rows;
    expect(first).toMatchObject({ total: 9007199254740995n, peak: 9007199254740993n, latest: 9007199254740993n });
    expect(huge.largest).toBe(9007199254740993n);
    const full = decode(answer([1], [{ bucket_id: "a", values: [big("18446744073709551615")] }]));
    expect(full.largest).toBe(18446744073709551615n);
  });

  test("of nothing have no hottest row", () => {
    expect(hottest(windowStats(decode(answer([], [])), new Uint32Array(0), 0, 0, { from: 0, to: 0 }))).toBeNull();
  });
});
