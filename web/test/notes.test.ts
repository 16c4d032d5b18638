import { describe, expect, test } from "vitest";
import { decode } from "../src/data/decode";
import type { Matrix } from "../src/data/matrix";
import { windowStats } from "../src/data/stats";
import { notes } from "../src/text/notes";
import { answer } from "./fixtures";

const node = (name: string, ok: boolean, role = "peer", codes: string[] = []) => ({
  node: name,
  ok,
  role,
  warnings: codes.map((code) => ({ code, message: "" })),
});

const view = (matrix: Matrix, rows: number[], from: number, to: number) =>
  windowStats(matrix, Uint32Array.from(rows), 0, rows.length, { from, to });

describe("what has to be known of a picture", () => {
  test("is little where nothing is wrong with it", () => {
    const fanout = { nodes: [node("a", true), node("b", true)], responded: 2, expected: 2, complete: true };
    const rows = [{ bucket_id: "r", values: [1, 2] }];
    const whole = decode(answer([10, 20], rows, { step_ms: 10, column_nodes: [2, 2], fanout }));
    expect(notes(whole, "", view(whole, [0], 0, 2))).toEqual(["all nodes answered"]);
    expect(notes({ ...whole, fanout: null }, "user:", view(whole, [0], 0, 2))).toEqual([
      "one node’s own view",
      "rows matching “user:”",
    ]);
  });

  test("names all that is missing, contradicted or odd", () => {
    const nodes = [
      node("a", true, "peer", ["clock_skew"]),
      node("b", false),
      node("c", true),
      node("d", false, "duplicate"),
    ];
    const fanout = { nodes, responded: 2, expected: 3, complete: false };
    const rows = [
      { bucket_id: "r", values: [1, 2, 3], conflict: true, conflicts: [true, false, false] },
      { bucket_id: "s", values: [1, 2, 3] },
    ];
    const more = { step_ms: 60_000, column_nodes: [2, 2, 1], rows_dropped: 1, fanout };
    const columns = [60_000, 120_000, 300_000];
    const matrix = decode(answer(columns, rows, more));
    const all = ["without b", "1 row dropped", "warnings of a"];
    const marks = ["hatched: 1 cell in conflict", "dimmed: not all nodes", "dashed line: no windows for 2 min"];
    const of = (rows: number[], from: number, to: number) => notes(matrix, "", view(matrix, rows, from, to));
    expect(of([0, 1], 0, 3).toSorted()).toEqual([...all, ...marks].toSorted());
    expect(of([1], 0, 2), "none of the marks is in view").toEqual(all);
    expect(of([0], 0, 1)).toContain(marks[0]);
    expect(of([1], 2, 3)).toEqual(expect.not.arrayContaining([marks[0], marks[2]]));
  });
});
