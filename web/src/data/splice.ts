/**
 * New columns spliced onto those that are here. A poll asks again for three columns that were complete: where those
 * still say the same, and the same nodes say so, the older ones do too, and only the newer have to travel.
 */

import type { Fanout, Ids, Matrix, NodeStatus, Row, Warning } from "./matrix";
import { fullColumn, isUnaligned, largestOf, lastComplete, warns } from "./matrix";
import { order } from "./order";

const OVERLAP = 3;

/** From where to ask for columns to splice, or null if all have to be asked for. */
export function spliceFrom(matrix: Matrix | null): number | null {
  // A node's timestamps of its own may come to lie before all that are asked for.
  if (!matrix || mayHideRows(matrix) || isUnaligned(matrix)) return null;
  const first = lastComplete(matrix) - OVERLAP;
  return first < 0 ? null : matrix.columns[first];
}

/** Rows that were left out of one answer may be in the next, with a past that is not known here. */
function mayHideRows(matrix: Matrix): boolean {
  return matrix.rowsDropped > 0 || warns(matrix.fanout, "row_limit_reached");
}

/** `old` with `fresh` in place of its newest columns, without those before `keepFrom`; null if all must be asked for again. */
export function splice(old: Matrix, fresh: Matrix, keepFrom = Number.NEGATIVE_INFINITY): Matrix | null {
  if (old.series !== fresh.series || old.stepMs !== fresh.stepMs || mayHideRows(fresh) || mayHideRows(old)) return null;
  if (!old.columnNodes !== !fresh.columnNodes || answering(old) !== answering(fresh)) return null;
  const join = old.columns.indexOf(fresh.columns[0]);
  const settled = lastComplete(old) + 1 - join;
  if (join < 0 || settled < 1) return null;
  const pairs = pairUp(old.rows, fresh.rows);
  if (!sameColumns(old, fresh, join, settled) || !sameCells(old, fresh, pairs, join, settled)) return null;
  let first = 0;
  while (first < join && old.columns[first] < keepFrom) first++;
  return joined(old, fresh, pairs, first, join);
}

/** The nodes that are in a matrix. One that is back, or gone, brings or takes its share of all the columns. */
function answering({ fanout }: Matrix): string {
  if (!fanout) return "";
  const nodes = fanout.nodes.filter(({ ok }) => ok).map(({ node }) => node);
  return JSON.stringify(nodes.sort());
}

interface Pair {
  row: Row;
  /** The row's index in either matrix, or -1. */
  old: number;
  fresh: number;
}

/** All rows of both in the order of the daemon: by start, then by bucket. */
function pairUp(old: Row[], fresh: Row[]): Pair[] {
  const pairs = new Map<string, Pair>();
  old.forEach((row, index) => void pairs.set(row.id, { row, old: index, fresh: -1 }));
  fresh.forEach((row, index) => void pairs.set(row.id, { row, old: pairs.get(row.id)?.old ?? -1, fresh: index }));
  return [...pairs.values()].sort((a, b) => order(a.row.start, b.row.start) || order(a.row.id, b.row.id));
}

function sameColumns(old: Matrix, fresh: Matrix, join: number, settled: number): boolean {
  const full = fullColumn(old);
  for (let i = 0; i < settled; i++) {
    if (old.columns[join + i] !== fresh.columns[i]) return false;
    // A column that has lost a node has lost that node's share of everything before it too.
    if (old.columnNodes && fresh.columnNodes && old.columnNodes[join + i] === full && fresh.columnNodes[i] !== full)
      return false;
  }
  return true;
}

function sameCells(old: Matrix, fresh: Matrix, pairs: Pair[], join: number, settled: number): boolean {
  const at = (matrix: Matrix, row: number, column: number) => (row < 0 ? -1 : row * matrix.columns.length + column);
  const same = (a: number, b: number) =>
    (old.values[a] ?? 0) === (fresh.values[b] ?? 0) &&
    old.big.get(a) === fresh.big.get(b) &&
    (old.conflicts?.[a] ?? 0) === (fresh.conflicts?.[b] ?? 0);
  for (const pair of pairs)
    for (let i = 0; i < settled; i++) if (!same(at(old, pair.old, join + i), at(fresh, pair.fresh, i))) return false;
  return true;
}

function joined(old: Matrix, fresh: Matrix, pairs: Pair[], first: number, join: number): Matrix {
  const kept = join - first;
  const width = kept + fresh.columns.length;
  const layout: Layout = { pairs, first, kept, width, oldWidth: old.columns.length, freshWidth: fresh.columns.length };
  const size = pairs.length * width;
  const values = interleave(old.values, fresh.values, layout, new Float64Array(size));
  const big = bigOf(old, fresh, layout);
  return {
    ...fresh,
    fanout: fresh.fanout && withFigures(fresh.fanout, old.fanout),
    columns: sequence(old.columns, fresh.columns, first, join, new Float64Array(width)),
    columnNodes:
      old.columnNodes &&
      fresh.columnNodes &&
      sequence(old.columnNodes, fresh.columnNodes, first, join, new Uint16Array(width)),
    rows: pairs.map(({ row }) => row),
    values,
    big,
    largest: largestOf(values, big),
    codes: interleave(old.codes, fresh.codes, layout, new Uint16Array(size)),
    conflicts:
      old.conflicts || fresh.conflicts
        ? interleave(old.conflicts, fresh.conflicts, layout, new Uint8Array(size))
        : null,
    groups: idsOf(old.groups, fresh.groups, layout),
    terms: idsOf(old.terms, fresh.terms, layout),
  };
}

/** How much a node has, and what is odd about it, is known from when all of it was asked for, not from a few columns. */
function withFigures(fresh: Fanout, old: Fanout | null): Fanout {
  const whole = new Map(old?.nodes.map((node) => [node.node, node]));
  const nodes = fresh.nodes.map((node) => {
    const before = whole.get(node.node) ?? node;
    const { rows, columns, bytes } = before;
    return { ...node, rows, columns, bytes, warnings: warningsOf(node, before) };
  });
  return { ...fresh, nodes };
}

/** Warnings that an answer gives or takes back by as many columns as that; all others are of every row and column. */
const TOLD_ANEW = new Map([
  ["clock_skew", 0],
  ["step_mismatch", 2],
]);

function warningsOf(fresh: NodeStatus, whole: NodeStatus): Warning[] {
  const told = fresh.warnings ?? [];
  const isTold = ({ code }: Warning) =>
    (fresh.columns ?? 0) >= (TOLD_ANEW.get(code) ?? Number.POSITIVE_INFINITY) ||
    told.some((warning) => warning.code === code);
  return [...told, ...(whole.warnings ?? []).filter((warning) => !isTold(warning))];
}

interface Layout {
  pairs: Pair[];
  /** First column kept of the old, and how many. */
  first: number;
  kept: number;
  width: number;
  oldWidth: number;
  freshWidth: number;
}

type Numbers = Float64Array | Uint16Array | Uint8Array;

function sequence<T extends Numbers>(old: T, fresh: T, first: number, join: number, into: T): T {
  into.set(old.subarray(first, join));
  into.set(fresh, join - first);
  return into;
}

function interleave<T extends Numbers>(old: T | null, fresh: T | null, layout: Layout, into: T): T {
  const { pairs, first, kept, width, oldWidth, freshWidth } = layout;
  pairs.forEach((pair, index) => {
    if (old && pair.old >= 0) {
      const from = pair.old * oldWidth + first;
      into.set(old.subarray(from, from + kept), index * width);
    }
    if (fresh && pair.fresh >= 0) {
      const from = pair.fresh * freshWidth;
      into.set(fresh.subarray(from, from + freshWidth), index * width + kept);
    }
  });
  return into;
}

function bigOf(old: Matrix, fresh: Matrix, layout: Layout): Map<number, bigint> {
  const big = new Map<number, bigint>();
  if (old.big.size + fresh.big.size === 0) return big;
  const { pairs, first, kept, width, oldWidth, freshWidth } = layout;
  const oldRows = new Map(pairs.map((pair, index) => [pair.old, index]));
  const freshRows = new Map(pairs.map((pair, index) => [pair.fresh, index]));
  for (const [cell, value] of old.big) {
    const column = (cell % oldWidth) - first;
    if (column >= 0 && column < kept) big.set((oldRows.get(Math.floor(cell / oldWidth)) ?? 0) * width + column, value);
  }
  for (const [cell, value] of fresh.big) {
    big.set((freshRows.get(Math.floor(cell / freshWidth)) ?? 0) * width + kept + (cell % freshWidth), value);
  }
  return big;
}

/** The fresh answer's indices are translated into the list of the old one. */
function idsOf(old: Ids | null, fresh: Ids | null, layout: Layout): Ids | null {
  if (!old && !fresh) return null;
  const known = old ? [...old.known] : ["0"];
  const translate = (fresh?.known ?? []).map((id) => {
    const index = known.indexOf(id);
    return index >= 0 ? index : known.push(id) - 1;
  });
  const cells = fresh && Uint16Array.from(fresh.cells, (index) => translate[index]);
  const into = new Uint16Array(layout.pairs.length * layout.width);
  return { cells: interleave(old?.cells ?? null, cells, layout, into), known };
}
