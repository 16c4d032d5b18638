/** What the visible window adds up to, per row and per column. */

import type { Matrix } from "./matrix";
import { exact, fullColumn, latestColumn, newestFrom } from "./matrix";
import { order } from "./order";

export interface Window {
  /** First and last column, the last excluded. */
  from: number;
  to: number;
}

export interface RowStats {
  /** Index into the matrix, and among the rows shown. */
  row: number;
  shown: number;
  total: number | bigint;
  peak: number | bigint;
  /** Column of the peak. */
  peakColumn: number;
  /** Of the window's `latestColumn`. */
  latest: number | bigint;
  conflicts: number;
}

export interface WindowStats {
  window: Window;
  /** The newest column of the window that is not to be waited for. */
  latestColumn: number;
  rows: RowStats[];
  /** Sum of each column over those rows, indexed as the matrix' columns are. */
  columnTotals: Float64Array;
  total: number;
}

/** @param shown the rows shown, as indices into the matrix; those from `first` to `last` (excluded) are in view */
export function windowStats(
  matrix: Matrix,
  shown: Uint32Array,
  first: number,
  last: number,
  window: Window,
): WindowStats {
  const width = matrix.columns.length;
  const columnTotals = new Float64Array(width);
  const rows: RowStats[] = [];
  const newest = latestColumn(matrix);
  const latest = newest < window.from ? window.to - 1 : Math.min(newest, window.to - 1);
  let total = 0;
  for (let at = Math.max(first, 0); at < Math.min(last, shown.length); at++) {
    const stats = rowStats(matrix, shown[at], at, window, latest, columnTotals);
    total += Number(stats.total);
    rows.push(stats);
  }
  return { window, latestColumn: latest, rows, columnTotals, total };
}

function rowStats(
  matrix: Matrix,
  row: number,
  shown: number,
  { from, to }: Window,
  latestColumn: number,
  columnTotals: Float64Array,
): RowStats {
  const { values, columns, conflicts } = matrix;
  const base = row * columns.length;
  let total = 0;
  let peakColumn = from;
  let contradicted = 0;
  for (let column = from; column < to; column++) {
    const value = values[base + column];
    total += value;
    columnTotals[column] += value;
    if (value > values[base + peakColumn]) peakColumn = column;
    if (conflicts?.[base + column]) contradicted++;
  }
  return {
    row,
    shown,
    total: total > Number.MAX_SAFE_INTEGER ? exactTotal(matrix, base, from, to) : total,
    peak: to > from ? exact(matrix, base + peakColumn) : 0,
    peakColumn,
    latest: to > from ? exact(matrix, base + latestColumn) : 0,
    conflicts: contradicted,
  };
}

/**
 * What a row counts in a window on average: of the windows that all nodes are in, unless those that lack some have more
 * even so. What they lack can only add to that.
 */
export function meanOf(matrix: Matrix, row: number, { from, to }: Window): number {
  const { columnNodes, columns, values } = matrix;
  const full = fullColumn(matrix);
  const sum = { all: 0, complete: 0, windows: 0 };
  for (let column = from; column < to; column++) {
    const value = values[row * columns.length + column];
    sum.all += value;
    if (columnNodes && columnNodes[column] < full) continue;
    sum.complete += value;
    sum.windows++;
  }
  return Math.max(sum.complete / Math.max(sum.windows, 1), sum.all / Math.max(to - from, 1));
}

/** The busiest cell among rows of the newest columns. */
export interface Busiest {
  /** Index into the matrix. */
  row: number;
  column: number;
  value: number;
}

/**
 * Of the last complete column and those after it, whose counts can only grow: what erupts is not to be waited for until
 * the slowest node has told of it.
 */
export function busiestNow(matrix: Matrix, rows: Iterable<number>): Busiest | null {
  const { columns, values } = matrix;
  const width = columns.length;
  const first = newestFrom(matrix);
  let best: Busiest | null = null;
  for (const row of rows) {
    for (let column = first; column < width; column++) {
      const value = values[row * width + column];
      if (value > (best?.value ?? 0)) best = { row, column, value };
    }
  }
  return best;
}

/** Row by row a sum that a double can't hold is rare, so it may cost a bigint per cell. */
function exactTotal(matrix: Matrix, base: number, from: number, to: number): bigint {
  let total = 0n;
  for (let column = from; column < to; column++) total += BigInt(exact(matrix, base + column));
  return total;
}

export type SortKey = "key" | "label" | "total" | "peak" | "latest";

/** Sorted copies; equal rows stay in the order of their keys. */
export function sortRows(stats: RowStats[], matrix: Matrix, by: SortKey, ascending: boolean): RowStats[] {
  const sign = ascending ? 1 : -1;
  const compare = (a: RowStats, b: RowStats): number => {
    if (by === "key") return a.shown - b.shown;
    if (by === "label") return order(matrix.rows[a.row].label, matrix.rows[b.row].label);
    return order(a[by], b[by]);
  };
  return [...stats].sort((a, b) => sign * compare(a, b) || a.shown - b.shown);
}

/** The row with the most traffic, or null where there is none. */
export function hottest(stats: WindowStats): RowStats | null {
  let best: RowStats | null = null;
  for (const row of stats.rows) if (row.total > 0 && (!best || row.total > best.total)) best = row;
  return best;
}
