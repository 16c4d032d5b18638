/** What is drawn over the cells: contradictions, columns that are short of nodes, and holes in time. */

import type { Matrix } from "../data/matrix";
import { fullColumn, gapMs, isUnaligned, windowMs } from "../data/matrix";

/** A block of cells, ends excluded. */
export interface Block {
  row: number;
  rowEnd: number;
  column: number;
  columnEnd: number;
}

/** Contradicted cells in as few blocks as runs along rows, joined downwards, make. `rows` are those shown, in order. */
export function conflictBlocks(flags: Uint8Array | null, columns: number, rows: Uint32Array): Block[] {
  if (!flags) return [];
  const blocks: Block[] = [];
  let open = new Map<string, Block>();
  rows.forEach((source, row) => {
    const next = new Map<string, Block>();
    for (const [column, columnEnd] of runs(columns, (c) => flags[source * columns + c] === 1)) {
      const key = `${column}-${columnEnd}`;
      const above = open.get(key);
      const block = above ?? { row, rowEnd: row, column, columnEnd };
      block.rowEnd = row + 1;
      if (!above) blocks.push(block);
      next.set(key, block);
    }
    open = next;
  });
  return blocks;
}

/** Stretches of columns, ends excluded, in which `test` holds. */
export function runs(columns: number, test: (column: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  let start = -1;
  for (let column = 0; column <= columns; column++) {
    const holds = column < columns && test(column);
    if (holds && start < 0) start = column;
    if (!holds && start >= 0) {
      found.push([start, column]);
      start = -1;
    }
  }
  return found;
}

/** Milliseconds that no node has windows of, between the columns from `first` to before `end`. */
export function missingMs(matrix: Matrix, first = 0, end = matrix.columns.length): number {
  const within = holes(matrix).filter(({ column }) => first < column && column < end);
  return within.reduce((sum, { ms }) => sum + ms, 0);
}

/** Found once for each matrix: every frame asks, and every cell that is pointed at. */
function once<T>(find: (matrix: Matrix) => T): (matrix: Matrix) => T {
  const known = new WeakMap<Matrix, T>();
  return (matrix) => {
    let found = known.get(matrix);
    if (found === undefined) {
      found = find(matrix);
      known.set(matrix, found);
    }
    return found;
  };
}

/** Stretches of columns that not all nodes have. */
export const shortColumns = once((matrix): [number, number][] => {
  const { columnNodes } = matrix;
  if (!columnNodes) return [];
  const full = fullColumn(matrix);
  return runs(columnNodes.length, (column) => columnNodes[column] < full);
});

/** A place where no node has windows: as much time as that, right before that column. */
export interface Hole {
  column: number;
  ms: number;
}

/** Where nodes stand side by side gaps are never even: one is a hole where it is far beyond what nearly all are. */
const UNALIGNED = { share: 0.95, times: 3 };

export const holes = once((matrix): Hole[] => {
  const { columns } = matrix;
  const step = isUnaligned(matrix) ? gapMs(columns, UNALIGNED.share) : windowMs(matrix);
  const least = isUnaligned(matrix) ? UNALIGNED.times : 1.5;
  const found: Hole[] = [];
  for (let column = 1; step && column < columns.length; column++) {
    const gap = columns[column] - columns[column - 1];
    if (gap > least * step) found.push({ column, ms: gap - step });
  }
  return found;
});
