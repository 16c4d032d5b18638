/** What is drawn over the cells: contradictions, columns that are short of nodes, and holes in time. */

import type { Matrix } from "../data/matrix";
import { fullColumn, isUnaligned, spacingMs } from "../data/matrix";

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

/** Stretches of columns that not all nodes have. */
export function shortColumns(matrix: Matrix): [number, number][] {
  const { columnNodes } = matrix;
  if (!columnNodes) return [];
  const full = fullColumn(matrix);
  return runs(columnNodes.length, (column) => columnNodes[column] < full);
}

/** Columns before which time is missing. Timestamps of several nodes are never evenly spaced. */
export function holes(matrix: Matrix): number[] {
  if (isUnaligned(matrix)) return [];
  const { columns } = matrix;
  const step = spacingMs(matrix);
  const found: number[] = [];
  for (let i = 1; i < columns.length; i++) if (columns[i] - columns[i - 1] > 1.5 * step) found.push(i);
  return found;
}
