/** The matrix as the page keeps it: one typed array per property, row by row, so that a cell is `row * columns + column`. */

export type Series = "reads" | "writes" | "read_bytes" | "write_bytes";
export const SERIES: readonly Series[] = ["writes", "reads", "write_bytes", "read_bytes"];

/** A row's description. Keys are byte strings: one UTF-16 unit per byte, so that `<` compares bytes. */
export interface Row {
  id: string;
  label: string;
  /** `""` where unbounded, for `end` too. */
  start: string;
  end: string;
  aggregate: boolean;
  routeIds: number[];
  routeIdsTruncated: boolean;
  routeCount: number;
}

export interface Warning {
  code: string;
  message: string;
}

export interface NodeStatus {
  node: string;
  ok: boolean;
  role: string;
  error?: string;
  reason?: string;
  warnings?: Warning[];
  duration_ms?: number;
  bytes?: number | undefined;
  rows?: number | undefined;
  columns?: number | undefined;
  generated_at?: string;
}

/** What gave nothing. A duplicate is not asked itself. */
export const failedNodes = (nodes: NodeStatus[]) => nodes.filter(({ ok, role }) => !ok && role !== "duplicate");

export interface Fanout {
  nodes: NodeStatus[];
  responded: number;
  expected: number;
  complete: boolean;
}

/** Whether any node is warned of with that code. */
export const warns = (fanout: Fanout | null, code: string) =>
  !!fanout?.nodes.some(({ warnings }) => warnings?.some((warning) => warning.code === code));

/** Raft groups or terms of all cells: few distinct ones, so each cell is an index into `known`. 0 is "not known". */
export interface Ids {
  cells: Uint16Array;
  known: string[];
}

/** The group or term of a cell, or "". */
export const idAt = (ids: Ids | null, cell: number) => (ids?.cells[cell] ? ids.known[ids.cells[cell]] : "");

export interface Matrix {
  series: Series;
  /** Ends of the windows, Unix milliseconds, ascending. */
  columns: Float64Array;
  rows: Row[];
  values: Float64Array;
  /** The exact counts of cells that a double can't hold. */
  big: Map<number, bigint>;
  /** The largest count of all. */
  largest: number | bigint;
  /** `values` as sixteen bits of logarithm: see `codes.ts`. */
  codes: Uint16Array;
  groups: Ids | null;
  terms: Ids | null;
  /** 1 where nodes contradict each other; null if they nowhere do. */
  conflicts: Uint8Array | null;
  /** How many nodes are complete in each column; null in a single node's own answer. */
  columnNodes: Uint16Array | null;
  /** Null in a single node's own answer, and where the daemon merges exact timestamps (`merge.step = "off"`). */
  stepMs: number | null;
  rowsDropped: number;
  /** Unix milliseconds by the daemon's clock; NaN if it said none. */
  generatedAt: number;
  /** Null when no peers are configured: the answer is the local node's alone. */
  fanout: Fanout | null;
}

/** 2^64 − 1: a count that stands for "this or more". */
export const SATURATED = 18446744073709551615n;

/** The exact count of a cell, as a bigint only where it has to be one. */
export function exact(matrix: Matrix, cell: number): number | bigint {
  return matrix.big.get(cell) ?? matrix.values[cell];
}

/** The largest of counts, of which `big` has those that a double can't hold. */
export function largestOf(values: Float64Array, big: Map<number, bigint>): number | bigint {
  let most: number | bigint = 0;
  for (const value of big.values()) if (value > most) most = value;
  if (big.size > 0) return most;
  // By index: an iterator takes four times as long.
  for (let cell = 0; cell < values.length; cell++) if (values[cell] > most) most = values[cell];
  return most;
}

/** Each column is a timestamp that some nodes have, not a window that all of them share (SPEC §5, `merge.step = "off"`). */
export const isUnaligned = ({ fanout, stepMs }: Matrix) => fanout !== null && stepMs === null;

/** How many nodes a column has when all that can be heard are in it. Where nothing aligns nodes, nothing is missing. */
export function fullColumn(matrix: Matrix): number {
  const { fanout, columnNodes } = matrix;
  if (!columnNodes || isUnaligned(matrix)) return 0;
  let most = fanout?.responded ?? 0;
  for (const nodes of columnNodes) if (nodes > most) most = nodes;
  return most;
}

/**
 * The newest column that no later answer should change, or -1. Without `column_nodes` nothing says so; then it is
 * the one before the newest.
 */
export function lastComplete(matrix: Matrix): number {
  const { columnNodes, columns } = matrix;
  if (!columnNodes) return columns.length - 2;
  if (isUnaligned(matrix)) return columns.length - 1;
  const full = fullColumn(matrix);
  for (let column = columns.length - 1; column >= 0; column--) if (columnNodes[column] >= full) return column;
  return -1;
}

/** How many columns count as the newest, however long the last complete one is ago. */
const NEWEST = 4;

/** The first of the newest columns: the last complete one, but of many that no node will fill any more one of the last. */
export function newestFrom(matrix: Matrix): number {
  return Math.max(lastComplete(matrix), matrix.columns.length - NEWEST, 0);
}

/** Whether the nodes fill the newest columns still, of which `complete` is the last that is. */
const isFilling = ({ columns }: Matrix, complete: number) => complete >= columns.length - NEWEST;

/** Whether the nodes that a column lacks may still tell of it, as they did of those before. */
export function mayFill(matrix: Matrix, column: number): boolean {
  const complete = lastComplete(matrix);
  return column > complete && isFilling(matrix, complete);
}

/**
 * The column that the latest counts are of: the last complete one. Where nodes have been missing for longer, the one
 * before the newest, which is not to be waited for.
 */
export function latestColumn(matrix: Matrix): number {
  const complete = lastComplete(matrix);
  return isFilling(matrix, complete) ? complete : matrix.columns.length - 2;
}

/** Between the newest window and the present lie those that nodes still fill, and the time until the next answer. */
const CURRENT_STEPS = 4;
const CURRENT_MS = 30_000;
/** Where no step is known: nodes that stand side by side may flush each minute, whatever lies between two columns. */
const CURRENT_UNALIGNED_MS = 240_000;

/** A column is of the present. `now` is by the daemon's clock. */
export function isCurrent(matrix: Matrix, column: number, now: number): boolean {
  const least = isUnaligned(matrix) ? CURRENT_UNALIGNED_MS : CURRENT_MS;
  return matrix.columns[column] > now - Math.max(CURRENT_STEPS * spacingMs(matrix), least);
}

/**
 * How long every window is, or null where that is not known: nodes of unknown steps stand side by side, some have another
 * step than that of the columns, or one column alone tells of none.
 */
export function windowMs(matrix: Matrix): number | null {
  const { columns, fanout } = matrix;
  const isOther = warns(fanout, "step_mismatch");
  const isAlone = fanout !== null && columns.length < 2;
  return isUnaligned(matrix) || isOther || isAlone ? null : spacingMs(matrix);
}

/** From one column to the next in milliseconds: the step, else the median gap between columns, else a minute. */
export function spacingMs({ columns, stepMs }: Pick<Matrix, "columns" | "stepMs">): number {
  if (stepMs) return stepMs;
  return gapMs(columns, 0.5) || 60_000;
}

/** The gap between columns that so large a share of them does not exceed; 0 where there are none. */
export function gapMs(columns: Float64Array, share: number): number {
  let gaps = sortedGaps.get(columns);
  if (!gaps) {
    gaps = columns.slice(1).map((time, index) => time - columns[index]);
    sortedGaps.set(columns, gaps.sort());
  }
  return gaps[Math.floor(gaps.length * share)] ?? 0;
}

/** Every frame asks, and sorting is not for frames. */
const sortedGaps = new WeakMap<Float64Array, Float64Array>();
