/** The visible window as CSV, one cell a line, in the columns of `keyviz-fanout query --format csv`. */

import type { Matrix } from "../data/matrix";
import { exact, idAt } from "../data/matrix";
import { keyText } from "./keys";

const HEADER = "bucket_id,label,start,end,column_unix_ms,column_nodes,value,raft_group_id,leader_term,conflict";

/**
 * In parts, a row each: all in one could be longer than a string may be. Cells that are zero are left out. `rows` are
 * indices into the matrix, `to` is excluded.
 */
export function csv(matrix: Matrix, rows: Iterable<number>, from: number, to: number): string[] {
  const parts = [`${HEADER}\r\n`];
  for (const row of rows) {
    const { id, label, start, end } = matrix.rows[row];
    const fixed = [id, label, start && keyText(start), end && keyText(end)].map(field).join(",");
    const lines = [];
    for (let column = from; column < to; column++) {
      const cell = row * matrix.columns.length + column;
      if (matrix.values[cell] > 0) lines.push(`${fixed},${cellFields(matrix, cell, column)}\r\n`);
    }
    parts.push(lines.join(""));
  }
  return parts;
}

function cellFields(matrix: Matrix, cell: number, column: number): string {
  const { columns, columnNodes, groups, terms, conflicts } = matrix;
  return [
    columns[column],
    columnNodes?.[column] ?? "",
    exact(matrix, cell),
    idAt(groups, cell),
    idAt(terms, cell),
    conflicts?.[cell] === 1,
  ].join(",");
}

/** Quoted where needed, and never what a spreadsheet takes for a formula. */
function field(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
