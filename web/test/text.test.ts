import { afterEach, describe, expect, test, vi } from "vitest";
import { decode } from "../src/data/decode";
import type { Row } from "../src/data/matrix";
import { cellFacts } from "../src/text/cell";
import { csv } from "../src/text/csv";
import { findRows, keyText, rangeText, shorten } from "../src/text/keys";
import { amount, brief, full, plural, rate, span } from "../src/text/numbers";
import { between, ticks, timeAmong } from "../src/text/times";
import { answer, big } from "./fixtures";

afterEach(() => vi.unstubAllEnvs());

const bytes = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
const row = (id: string, start: string, end: string, label = ""): Row => ({
  id,
  label,
  start: bytes(start),
  end: bytes(end),
  aggregate: false,
  routeIds: [],
  routeIdsTruncated: false,
  routeCount: 1,
});

describe("a key", () => {
  test("is text only if all of it can be printed", () => {
    const shown = [bytes("user:1"), bytes("鍵:1"), "a\0b", "\xff", bytes("a\u202eb"), "0x41"].map(keyText);
    expect(shown).toEqual(["user:1", "鍵:1", "0x610062", "0xff", "0x61e280ae62", "0x30783431"]);
    expect([" ", "a ", bytes("−∞")].map(keyText)).toEqual(["0x20", "0x6120", "0xe28892e2889e"]);
  });

  test("range names its open ends", () => {
    expect(rangeText(row("a", "", ""))).toBe("−∞ … +∞");
  });

  test("is cut in the middle, never in half a character", () => {
    expect(shorten("abcdefghijklmnop", 16)).toBe("abcdefghijklmnop");
    expect(shorten("abcdefghijklmnop", 11)).toBe("abcd…klmnop");
    expect([...shorten("😀".repeat(30), 9)]).toHaveLength(9);
  });
});

describe("a search", () => {
  const rows = [
    row("route:1", "a", "user:1", "dynamo"),
    row("route:2", "user:1", "user:5", "redis"),
    row("route:21", "user:5", "", "Redis"),
  ];
  const find = (query: string) => [...findRows(rows, query).rows];

  test("finds keys by prefix, buckets and labels by any part, whatever the case", () => {
    expect(find("user:")).toEqual([1, 2]);
    expect(find("ROUTE:2")).toEqual([1, 2]);
    expect(find("redis")).toEqual([1, 2]);
    expect(find("dyn")).toEqual([0]);
  });

  test("finds the range that a key lies in", () => {
    expect(find("user:3")).toEqual([1]);
    expect(find("key:zzz")).toEqual([2]);
    expect(find("0x757365723a33")).toEqual([1]);
  });

  test("finds bytes that are typed to the middle of one", () => {
    const odd = ["user:", "vser", "usfr", ""].map((start, at) => ({ ...rows[0], id: `${at}`, label: "", start }));
    const some = (query: string) => Array.from(findRows(odd, query).rows);
    expect([some("0x7"), some("0x75"), some("0x757"), some("0x75736")]).toEqual([
      [0, 1, 2],
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
    expect(some("0x757365723")).toEqual([0]);
    expect(findRows(odd, "0x0").around, "a key that ends before it does not begin with it").toBe(true);
  });

  test("tells a range that only holds the key from one that is named by it", () => {
    const around = (query: string) => findRows(rows, query).around;
    expect([around("user:3"), around("key:zzz"), around("0x757365723a33")]).toEqual([true, true, true]);
    expect([around("user:"), around("redis"), around("label:none"), around("")]).toEqual([false, false, false, false]);
  });

  test("looks in one place where it is told to", () => {
    expect(find("bucket:21")).toEqual([2]);
    expect(find("label:route")).toEqual([]);
  });

  test("for nothing finds all", () => {
    expect(find("  ")).toEqual([0, 1, 2]);
    expect(find("key:")).toEqual([0, 1, 2]);
  });
});

describe("a number", () => {
  test("has every digit, or says that it has not", () => {
    expect([full(1234567), full(9007199254740993n), full(18446744073709551615n)]).toEqual([
      "1,234,567",
      "9,007,199,254,740,993",
      "≥ 18,446,744,073,709,551,615",
    ]);
    expect(full(2 ** 70)).toContain("≈");
  });

  test("is short on an axis", () => {
    expect([0, 7, 0.25, 999, 1880, 12_345_678, 2e9, 1.8e19].map(brief)).toEqual([
      "0",
      "7",
      "0.25",
      "999",
      "1.88k",
      "12.3M",
      "2B",
      "18E",
    ]);
  });

  test("of bytes has its unit", () => {
    expect([amount("write_bytes", 0), amount("read_bytes", 1536), amount("read_bytes", 5 * 2 ** 30)]).toEqual([
      "0 B",
      "1.50 KiB",
      "5.00 GiB",
    ]);
  });

  test("of a window is a rate", () => {
    expect(rate("writes", 600, 60_000)).toBe("10/s");
    expect(rate("reads", 123_456, 1000)).toBe("123,456/s");
    expect(rate("write_bytes", 2048, 1000)).toBe("2.00 KiB/s");
    expect(rate("writes", 18446744073709551615n, 1000)).toMatch(/^≥ 18.4/);
  });

  test("of time is in its two largest units", () => {
    const spans = [0, 900, 1500, 45_000, 60_000, 3_605_000, 7_500_000, 90_000_000].map(span);
    expect(spans).toEqual(["0 ms", "900 ms", "1.5 s", "45 s", "1 min", "1 h", "2 h 5 min", "1 d 1 h"]);
    expect([plural(1, "row"), plural(1234, "row")]).toEqual(["1 row", "1,234 rows"]);
  });
});

describe("times", () => {
  test("say a date once", () => {
    expect(between(0, 60_000, true)).toBe("1970-01-01 00:00:00 – 00:01:00 UTC");
    expect(between(0, 86_400_000, true)).toBe("1970-01-01 00:00:00 – 1970-01-02 00:00:00 UTC");
  });

  test("are in the zone of their own day, not of today", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    // At 01:00 UTC on that day three o'clock becomes two.
    const change = Date.UTC(2026, 9, 25, 1);
    expect(between(change - 60_000, change, false)).toBe(
      "2026-10-25 02:59:00 UTC+02:00 – 2026-10-25 02:00:00 UTC+01:00",
    );
    expect(between(change - 120_000, change - 60_000, false)).toBe("2026-10-25 02:58:00 – 02:59:00 UTC+02:00");
    expect(timeAmong(Float64Array.of(change - 60_000, change), change, false)).toBe("02:00:00 UTC+01:00");
    expect(timeAmong(Float64Array.of(change, change + 60_000), change, false)).toBe("02:00:00");
  });

  test("have their day where there are several", () => {
    const noon = Date.UTC(2026, 10, 23, 12);
    expect(timeAmong(Float64Array.of(noon, noon + 60_000), noon, true)).toBe("12:00:00");
    expect(timeAmong(Float64Array.of(noon, noon + 86_400_000), noon, true)).toBe("Nov 23 12:00:00");
    const midnight = noon + 43_200_000;
    expect(timeAmong([midnight - 60_000, midnight], midnight - 60_000, true)).toBe("Nov 23 23:59:00");
  });

  test("on an axis are round, and days stand out", () => {
    const found = ticks(Date.UTC(2026, 10, 23, 20), Date.UTC(2026, 10, 24, 4), 8, true);
    expect(found.map(({ text }) => text)).toEqual([
      "20:00",
      "21:00",
      "22:00",
      "23:00",
      "Nov 24",
      "01:00",
      "02:00",
      "03:00",
      "04:00",
    ]);
    expect(found.filter(({ major }) => major)).toHaveLength(1);
    const close = ticks(Date.UTC(2026, 10, 23, 20), Date.UTC(2026, 10, 23, 20, 0, 3), 6, true);
    expect(new Set(close.map(({ text }) => text)).size).toBe(close.length);
  });
});

describe("a cell", () => {
  const fanout = { nodes: [], responded: 2, expected: 3, complete: false };
  const rows = [
    {
      bucket_id: "route:1",
      start: btoa("a"),
      end: null,
      values: [600, big("18446744073709551615")],
      raft_group_ids: [2, 0],
      leader_terms: [7, 0],
      conflict: true,
      conflicts: [false, true],
    },
  ];
  const newest = { generated_at: new Date(150_000).toISOString() };
  const told = { step_ms: 60_000, fanout, ...newest };
  const matrix = decode(answer([60_000, 120_000], rows, { ...told, column_nodes: [2, 1] }));

  test("says all that is known of it", () => {
    expect(cellFacts(matrix, 0, 0, true)).toMatchObject({
      start: "a",
      end: "+∞",
      value: "600 writes",
      rate: "10/s",
      group: "2",
      term: "7",
      nodes: "2 of 3 nodes",
      short: "",
      conflict: false,
      window: "1970-01-01 00:00:00 – 00:01:00 UTC",
    });
    expect(cellFacts(matrix, 0, 1, true)).toMatchObject({
      rate: "counter saturated",
      group: "",
      short: "so far: this window is not complete yet",
      conflict: true,
    });
    const missing = "have this window: the others’ share of it is missing";
    const later = decode(answer([60_000, 120_000], rows, { ...told, column_nodes: [1, 2] }));
    expect(cellFacts(later, 0, 0, true).short).toBe(missing);
    const longAgo = { ...told, generated_at: new Date(9_000_000).toISOString() };
    const old = decode(answer([60_000, 120_000], rows, { ...longAgo, column_nodes: [1, 1] }));
    expect(cellFacts(old, 0, 1, true).short, "no node will add to it").toBe(missing);
  });

  test("of a window whose width is not known has an end, and no rate", () => {
    const unaligned = decode(answer([60_000, 120_000], rows, { step_ms: null, column_nodes: [1, 1], fanout }));
    expect(cellFacts(unaligned, 0, 0, true)).toMatchObject({
      value: "600 writes",
      rate: "",
      nodes: "",
      short: "",
      window: "up to 1970-01-01 00:01:00 UTC",
    });
  });

  test("has nothing hidden in its names", () => {
    const odd = decode(answer([1], [{ bucket_id: "a\u202eb", label: "x\ny", start: btoa(" "), values: [1] }]));
    expect(cellFacts(odd, 0, 0, true)).toMatchObject({
      bucket: "a\\u{202e}b",
      label: "x\\u{a}y",
      start: "0x20",
      value: "1 write",
    });
  });

  test("is a line of CSV, with all its digits", () => {
    const [head, ...lines] = csv(matrix, [0], 0, 2).join("").trimEnd().split("\r\n");
    expect(head.split(",")).toHaveLength(10);
    expect(lines).toEqual(["route:1,,a,,60000,2,600,2,7,false", "route:1,,a,,120000,1,18446744073709551615,,,true"]);
    expect(csv(matrix, [0], 1, 2).join("").trimEnd().split("\r\n")).toHaveLength(2);
  });

  test("is no formula in a spreadsheet", () => {
    const evil = decode(answer([1], [{ bucket_id: '=HYPERLINK("x")', label: "+1", start: btoa("a,b"), values: [1] }]));
    expect(csv(evil, [0], 0, 1).join("").split("\r\n")[1]).toBe(`"'=HYPERLINK(""x"")",'+1,"a,b",,1,,1,,,false`);
  });
});
