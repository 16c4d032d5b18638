import { describe, expect, test } from "vitest";
import { decode } from "../src/data/decode";
import { conflictBlocks, holes, missingMs, runs, shortColumns } from "../src/picture/marks";
import { answer, random } from "./fixtures";

describe("marks", () => {
  test("of conflicts cover exactly the cells that have one", () => {
    const next = random(12);
    for (let round = 0; round < 40; round++) {
      const [rows, columns] = [8, 10];
      const flags = Uint8Array.from({ length: rows * columns }, () => (next() < 0.4 ? 1 : 0));
      const shown = Uint32Array.from([0, 2, 3, 5, 7]);
      const covered = new Uint8Array(shown.length * columns);
      for (const block of conflictBlocks(flags, columns, shown))
        for (let r = block.row; r < block.rowEnd; r++)
          for (let c = block.column; c < block.columnEnd; c++) covered[r * columns + c]++;
      expect([...covered]).toEqual(
        [...shown].flatMap((row) => [...flags.subarray(row * columns, (row + 1) * columns)]),
      );
    }
  });

  test("of one leader's change in many rows are one block", () => {
    const flags = new Uint8Array(100);
    for (let row = 0; row < 10; row++) flags[row * 10 + 4] = 1;
    expect(
      conflictBlocks(
        flags,
        10,
        Uint32Array.from({ length: 10 }, (_, i) => i),
      ),
    ).toHaveLength(1);
  });

  test("run from first to last", () => {
    expect(runs(6, (i) => i !== 2 && i !== 5)).toEqual([
      [0, 2],
      [3, 5],
    ]);
    expect(runs(3, () => true)).toEqual([[0, 3]]);
  });

  test("show which columns are short, and where time is missing", () => {
    const fanout = { nodes: [], responded: 3, expected: 3, complete: true };
    const more = { column_nodes: [3, 2, 3, 1], step_ms: 10, fanout };
    const matrix = decode(answer([10, 20, 50, 60], [{ bucket_id: "a", values: [1, 1, 1, 1] }], more));
    expect(shortColumns(matrix)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(holes(matrix)).toEqual([{ column: 2, ms: 20 }]);
    expect([missingMs(matrix), missingMs(matrix, 0, 2), missingMs(matrix, 2)]).toEqual([20, 0, 0]);
    const unaligned = { ...matrix, stepMs: null };
    expect([holes(unaligned), shortColumns(unaligned)]).toEqual([[], []]);
    // Three nodes that end their windows close to each other.
    const beats = Float64Array.from({ length: 90 }, (_, i) => Math.floor(i / 3) * 60 + (i % 3) + (i < 45 ? 0 : 1500));
    expect(holes({ ...unaligned, columns: beats })).toEqual([{ column: 45, ms: 1500 }]);
    expect(holes({ ...matrix, stepMs: null, fanout: null, columns: Float64Array.from([10, 20, 30, 60]) })).toEqual([
      { column: 3, ms: 20 },
    ]);
  });
});
