/** One row of an answer → its cells and its description. */

import type { Cells } from "./cells";
import type { Row } from "./matrix";
import type { Scanner } from "./scan";

/**
 * Takes the row under the cursor. One that turns out not to be here as a whole has only written where the next attempt
 * will write again.
 */
export function takeRow(scanner: Scanner, cells: Cells): void {
  cells.makeRoom();
  const at = cells.rows.length;
  const base = at * cells.width;
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
      throw new SyntaxError(`row ${at}: ${field} has ${length} of ${cells.width} cells`);
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
  if (!row.id) throw new SyntaxError(`row ${at}: bucket_id is missing`);
  cells.add(row);
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
