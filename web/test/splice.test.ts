import { describe, expect, test } from "vitest";
import { decode } from "../src/data/decode";
import type { Matrix } from "../src/data/matrix";
import { exact } from "../src/data/matrix";
import { splice, spliceFrom } from "../src/data/splice";
import { answer, big, type RowSpec, random } from "./fixtures";

interface World {
  columns: number[];
  nodes: number[];
  rows: RowSpec[];
}

/** What a daemon would answer about the columns from `from` on: rows without traffic there are not in it. */
function ask(world: World, from = 0, more: Record<string, unknown> = {}): Matrix {
  const keep = world.columns.map((time) => time >= from);
  const only = <T>(list: T[]) => list.filter((_, i) => keep[i]);
  const rows = world.rows
    .map((row) => ({
      ...row,
      values: only(row.values),
      ...(row.raft_group_ids ? { raft_group_ids: only(row.raft_group_ids as number[]) } : {}),
    }))
    .filter(({ values }) => values.some((value) => value !== 0));
  const fanout = { nodes: [], responded: 3, expected: 3, complete: true };
  const fields = { step_ms: 10, column_nodes: only(world.nodes), rows_dropped: 0, fanout, ...more };
  return decode(answer(only(world.columns), rows, fields));
}

const plain = (matrix: Matrix) => ({
  columns: [...matrix.columns],
  nodes: [...(matrix.columnNodes ?? [])],
  rows: matrix.rows,
  cells: Array.from(matrix.values, (_, cell) => exact(matrix, cell)),
  codes: [...matrix.codes],
  groups: Array.from(matrix.groups?.cells ?? [], (index) => matrix.groups?.known[index]),
  conflicts: [...(matrix.conflicts ?? [])],
});

/** A world, and the same a few columns later: the newest column was short, and new rows have come. */
function twoMoments(seed: number): [World, World] {
  const next = random(seed);
  const width = 6 + Math.floor(next() * 6);
  const more = 1 + Math.floor(next() * 3);
  const count = 1 + Math.floor(next() * 6);
  const columns = Array.from({ length: width + more }, (_, i) => 100 + 10 * i);
  const rows = Array.from({ length: count }, (_, i) => ({
    bucket_id: `b${i}`,
    start: btoa(String.fromCharCode(97 + ((i * 7) % 13))),
    values: columns.map((_, c) =>
      next() < 0.4 || (i === 0 && c < width) ? 0 : next() < 0.1 ? big("9007199254740995") : Math.floor(next() * 50),
    ),
    raft_group_ids: columns.map(() => 1 + Math.floor(next() * 3)),
  }));
  rows.sort((a, b) => (a.start < b.start ? -1 : 1));
  const later = { columns, nodes: columns.map((_, i) => (i === columns.length - 1 ? 1 : 3)), rows };
  const earlier = {
    columns: columns.slice(0, width),
    nodes: columns.slice(0, width).map((_, i) => (i === width - 1 ? 1 : 3)),
    // What the newest column has so far is less than what it will have.
    rows: rows.map((row) => ({
      ...row,
      values: row.values.slice(0, width).map((v, i) => (i === width - 1 ? 0 : v)),
      raft_group_ids: row.raft_group_ids.slice(0, width),
    })),
  };
  return [earlier, later];
}

describe("new columns", () => {
  test("spliced in make what asking for everything would have", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const [earlier, later] = twoMoments(seed);
      const old = ask(earlier);
      const from = spliceFrom(old);
      expect(from).not.toBeNull();
      const joined = splice(old, ask(later, from ?? 0));
      expect(joined).not.toBeNull();
      if (!joined) continue;
      const [got, whole] = [plain(joined), plain(ask(later))];
      const filled = (ids: (string | undefined)[], cells: (number | bigint)[]) => ids.filter((_, i) => cells[i] > 0);
      expect({ ...got, groups: [] }).toEqual({ ...whole, groups: [] });
      expect(filled(got.groups, got.cells)).toEqual(filled(whole.groups, whole.cells));
    }
  });

  const [earlier, later] = twoMoments(7);
  const old = ask(earlier);
  const from = spliceFrom(old) ?? 0;

  test("are asked for from three before the last complete one", () => {
    const complete = earlier.columns.length - 2;
    expect(from).toBe(earlier.columns[complete - 3]);
  });

  test("are no use where the overlap differs", () => {
    const changed = structuredClone(later);
    const at = changed.columns.indexOf(from) + 1;
    changed.rows[0].values[at] = 12345;
    expect(splice(old, ask(changed, from))).toBeNull();
  });

  test("are no use where rows were dropped, or a node may hold back some", () => {
    expect(splice(old, ask(later, from, { rows_dropped: 1 }))).toBeNull();
    const nodes = [{ node: "a", ok: true, role: "peer", warnings: [{ code: "row_limit_reached", message: "" }] }];
    const fanout = { nodes, responded: 3, expected: 3, complete: true };
    expect(splice(old, ask(later, from, { fanout }))).toBeNull();
    expect(spliceFrom(ask(earlier, 0, { fanout }))).toBeNull();
    expect(spliceFrom(ask(earlier, 0, { rows_dropped: 3 }))).toBeNull();
  });

  test("leave what is known of the rest of a node as it was, but not of its clock and its step", () => {
    const of = (columns: number, ...codes: string[]) => {
      const warnings = codes.map((code) => ({ code, message: `of ${columns}` }));
      const nodes = [{ node: "a", ok: true, role: "peer", rows: columns, columns, warnings }];
      return { fanout: { nodes, responded: 1, expected: 1, complete: true } };
    };
    const told = (columns: number, ...codes: string[]) => {
      const before = ask(earlier, 0, of(50, "catalog_divergence", "clock_skew", "step_mismatch"));
      const [node] = splice(before, ask(later, from, of(columns, ...codes)))?.fanout?.nodes ?? [];
      expect(node.rows).toBe(50);
      return node.warnings?.map(({ code, message }) => `${code} ${message}`);
    };
    expect(told(4, "identity_missing")).toEqual(["identity_missing of 4", "catalog_divergence of 50"]);
    expect(told(1)).toEqual(["catalog_divergence of 50", "step_mismatch of 50"]);
    expect(told(4, "catalog_divergence")).toEqual(["catalog_divergence of 4"]);
  });

  test("are no use after another step, or a gap", () => {
    expect(splice(old, ask(later, from, { step_ms: 20 }))).toBeNull();
    expect(splice(old, ask(later, later.columns.at(-1)))).toBeNull();
  });

  test("are no use once a column has lost a node", () => {
    const lost = structuredClone(later);
    lost.nodes = lost.nodes.map((nodes) => Math.min(nodes, 2));
    expect(splice(old, ask(lost, from))).toBeNull();
  });

  test("are no use when other nodes answer: what one has is missing from the older columns, or still in them", () => {
    const among = (...up: string[]) => {
      const nodes = ["a", "b", "c"].map((node) => ({ node, ok: up.includes(node), role: "peer" }));
      return { fanout: { nodes, responded: up.length, expected: 3, complete: up.length === 3 } };
    };
    const two = ask(earlier, 0, among("a", "b"));
    expect(splice(two, ask(later, from, among("a", "b")))).not.toBeNull();
    for (const others of [among("a", "b", "c"), among("a", "c"), among("a")])
      expect(splice(two, ask(later, from, others))).toBeNull();
  });

  test("are not asked for where nodes are not aligned", () => {
    expect(spliceFrom(ask(earlier, 0, { step_ms: null }))).toBeNull();
  });

  test("leave what is said of a node's whole answer", () => {
    const node = (rows: number) => ({
      fanout: { nodes: [{ node: "a", ok: true, role: "peer", rows, columns: 9, bytes: 7, duration_ms: rows }] },
    });
    const joined = splice(ask(earlier, 0, node(40)), ask(later, from, node(3)));
    expect(joined?.fanout?.nodes).toMatchObject([{ rows: 40, columns: 9, bytes: 7, duration_ms: 3 }]);
  });

  test("push out those that are too old for the range", () => {
    const joined = splice(old, ask(later, from), earlier.columns[2]);
    expect(joined?.columns[0]).toBe(earlier.columns[2]);
    expect(joined && plain(joined).cells).toEqual(plain(ask(later, earlier.columns[2])).cells);
  });
});
