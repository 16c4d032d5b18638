/** An answer's bytes → `Matrix`. Fields come in any order, and those that are not known are skipped. */

import { codesOf } from "./codes";
import type { Fanout, Ids, Matrix, Row, Series } from "./matrix";
import { Scanner } from "./scan";

/** Throws a `SyntaxError` that names the place, or the row and the field. */
export function decode(bytes: Uint8Array): Matrix {
  const scanner = new Scanner(bytes);
  const head: Record<string, unknown> = {};
  let columns: Float64Array | null = null;
  let columnNodes: Uint16Array | null = null;
  let rowsAt = -1;
  let cells: Cells | null = null;
  scanner.object((name) => {
    if (name === "column_unix_ms") columns = numbers(scanner);
    else if (name === "column_nodes") columnNodes = Uint16Array.from(numbers(scanner));
    else if (name !== "rows") head[name] = scanner.value();
    else if (columns) cells = rows(scanner, columns.length);
    else {
      rowsAt = scanner.at;
      scanner.skip();
    }
  });
  scanner.end();
  const known = (columns as Float64Array | null) ?? new Float64Array(0);
  if (!cells && rowsAt >= 0) {
    scanner.at = rowsAt;
    cells = rows(scanner, known.length);
  }
  return assemble(head, known, columnNodes, cells ?? new Cells(0));
}

function assemble(
  head: Record<string, unknown>,
  columns: Float64Array,
  nodes: Uint16Array | null,
  cells: Cells,
): Matrix {
  const size = cells.rows.length * columns.length;
  const values = fitted(cells.values, size);
  return {
    series: head.series as Series,
    columns,
    rows: cells.rows,
    values,
    big: cells.big,
    codes: codesOf(values),
    groups: cells.groups.finish(size),
    terms: cells.terms.finish(size),
    conflicts: cells.conflicts ? fitted(cells.conflicts, size) : null,
    columnNodes: nodes && nodes.length === columns.length ? nodes : null,
    stepMs: typeof head.step_ms === "number" && head.step_ms > 0 ? head.step_ms : null,
    rowsDropped: typeof head.rows_dropped === "number" ? head.rows_dropped : 0,
    generatedAt: Date.parse(String(head.generated_at ?? "")),
    fanout: (head.fanout as Fanout | null | undefined) ?? null,
  };
}

/** An array of unknown length: it is measured first. */
function numbers(scanner: Scanner): Float64Array {
  const { at } = scanner;
  const length = scanner.counts(NOTHING, 0, 0);
  scanner.at = at;
  const list = new Float64Array(length);
  scanner.counts(list, 0, length);
  return list;
}

const NOTHING = new Float64Array(0);

/** Cells of rows that are still coming: arrays that grow by doubling. */
class Cells {
  rows: Row[] = [];
  values: Float64Array;
  big = new Map<number, bigint>();
  groups = new IdCells();
  terms = new IdCells();
  conflicts: Uint8Array | null = null;

  constructor(readonly width: number) {
    this.values = new Float64Array(width * 64);
  }

  get capacity(): number {
    return this.values.length;
  }

  /** Room for so many rows in all, and twice as many as now once they are more. */
  makeRoom(rows = this.rows.length + 1): void {
    if (rows * this.width <= this.capacity) return;
    const larger = new Float64Array(Math.max(rows * this.width, this.capacity * 2));
    larger.set(this.values);
    this.values = larger;
    this.groups.grow(this.capacity);
    this.terms.grow(this.capacity);
    if (this.conflicts) this.conflicts = grown(this.conflicts, new Uint8Array(this.capacity));
  }
}

function grown<T extends Uint8Array | Uint16Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** The part in use; where that is most of it, without a copy. */
function fitted<T extends Float64Array | Uint8Array | Uint16Array>(array: T, size: number): T {
  return (size > array.length * 0.75 ? array.subarray(0, size) : array.slice(0, size)) as T;
}

/** The identity of cells as indices into the list of distinct ones. */
class IdCells {
  private cells: Uint16Array | null = null;
  private known = ["0"];
  private row = NOTHING;
  /** Texts of those in `row` that a double may not hold. */
  private wide = new Map<number, string>();
  private index = new Map<number | string, number>([[0, 0]]);

  grow(capacity: number): void {
    if (this.cells) this.cells = grown(this.cells, new Uint16Array(capacity));
  }

  /** Takes a row's array; neighbours mostly have the same identity. */
  take(scanner: Scanner, base: number, width: number, capacity: number): number {
    this.cells ??= new Uint16Array(capacity);
    const { cells } = this;
    if (this.row.length < width) this.row = new Float64Array(width);
    const length = scanner.counts(this.row, 0, width, (column, text) => this.wide.set(column, text));
    const { row, wide } = this;
    const exact = wide.size === 0;
    let last = 0;
    let lastIndex = 0;
    for (let column = 0, end = Math.min(length, width); column < end; column++) {
      const id = row[column];
      if (id !== last || !exact) {
        last = id;
        lastIndex = this.find(exact ? id : (wide.get(column) ?? id));
      }
      cells[base + column] = lastIndex;
    }
    this.wide.clear();
    return length;
  }

  finish(size: number): Ids | null {
    return this.cells && { cells: fitted(this.cells, size), known: this.known };
  }

  private find(id: number | string): number {
    let index = this.index.get(id);
    if (index === undefined) {
      // More identities than fit are shown as not known, which is what an index of 0 means.
      if (this.known.length > 0xffff) return 0;
      index = this.known.push(String(id)) - 1;
      this.index.set(id, index);
    }
    return index;
  }
}

function rows(scanner: Scanner, width: number): Cells {
  const cells = new Cells(width);
  const start = scanner.at;
  scanner.array((index) => {
    // The first row's length tells about how many there are: growing less often is worth a guess.
    if (index === 1)
      cells.makeRoom(Math.min(Math.ceil((1.1 * scanner.bytes.length) / (scanner.at - start)), MOST_GUESSED));
    cells.makeRoom();
    const row = oneRow(scanner, cells);
    if (!row.id) throw new SyntaxError(`row ${cells.rows.length}: bucket_id is missing`);
    cells.rows.push(row);
  });
  return cells;
}

/** As many rows as an answer has that is not told otherwise. */
const MOST_GUESSED = 1024;

function oneRow(scanner: Scanner, cells: Cells): Row {
  const base = cells.rows.length * cells.width;
  const row: Row = {
    id: "",
    label: "",
    start: "",
    end: "",
    aggregate: false,
    routeIds: [],
    routeIdsTruncated: false,
    routeCount: 0,
  };
  let seen = false;
  const whole = (field: string, length: number, optional = false) => {
    if (length !== cells.width && !(optional && length === 0))
      throw new SyntaxError(`row ${cells.rows.length}: ${field} has ${length} of ${cells.width} cells`);
  };
  scanner.object((name) => {
    if (name === "values") {
      whole(name, takeValues(scanner, cells, base));
      seen = true;
    } else if (name === "raft_group_ids")
      whole(name, cells.groups.take(scanner, base, cells.width, cells.capacity), true);
    else if (name === "leader_terms") whole(name, cells.terms.take(scanner, base, cells.width, cells.capacity), true);
    else if (name === "conflicts") whole(name, takeConflicts(scanner, cells, base), true);
    else if (!describe(row, name, scanner)) scanner.skip();
  });
  if (!seen) whole("values", 0);
  return row;
}

function takeValues(scanner: Scanner, { values, big, width }: Cells, base: number): number {
  return scanner.counts(values, base, width, (column, text) => {
    const whole = BigInt(text);
    if (column >= width) return;
    values[base + column] = Number(whole);
    if (whole > BigInt(Number.MAX_SAFE_INTEGER)) big.set(base + column, whole);
  });
}

function takeConflicts(scanner: Scanner, cells: Cells, base: number): number {
  const flags = (scanner.value() as boolean[] | null) ?? [];
  flags.forEach((flag, column) => {
    if (!flag || column >= cells.width) return;
    cells.conflicts ??= new Uint8Array(cells.capacity);
    cells.conflicts[base + column] = 1;
  });
  return flags.length;
}

function describe(row: Row, name: string, scanner: Scanner): boolean {
  if (name === "bucket_id") row.id = String(scanner.value() ?? "");
  else if (name === "label") row.label = String(scanner.value() ?? "");
  else if (name === "start" || name === "end") row[name] = atob(String(scanner.value() ?? ""));
  else if (name === "aggregate") row.aggregate = scanner.value() === true;
  else if (name === "route_ids") row.routeIds = (scanner.value() as number[] | null) ?? [];
  else if (name === "route_ids_truncated") row.routeIdsTruncated = scanner.value() === true;
  else if (name === "route_count") row.routeCount = Number(scanner.value() ?? 0);
  else return false;
  return true;
}
