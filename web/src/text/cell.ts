/** All that is known of one cell, as text: for the tooltip, the pinned cell, and whoever can't see the picture. */

import type { Matrix, Row } from "../data/matrix";
import { exact, fullColumn, idAt, mayFill, SATURATED, spacingMs, windowMs } from "../data/matrix";
import { missingMs } from "../picture/marks";
import { endText, nameText, shorten, startText } from "./keys";
import { counted, full, rate, span } from "./numbers";
import { windowText } from "./times";

export interface CellFacts {
  start: string;
  end: string;
  bucket: string;
  label: string;
  routes: string;
  window: string;
  value: string;
  rate: string;
  group: string;
  term: string;
  /** `2 of 3 nodes`, or "" where the answer does not say. */
  nodes: string;
  /** Why that is not all of them, or "". */
  short: string;
  conflict: boolean;
  /** That time is missing right before it, or "". */
  gap: string;
}

export function cellFacts(matrix: Matrix, row: number, column: number, utc: boolean): CellFacts {
  const { columns, columnNodes, conflicts, groups, series, terms } = matrix;
  const described = matrix.rows[row];
  const cell = row * columns.length + column;
  const value = exact(matrix, cell);
  const most = fullColumn(matrix);
  return {
    start: startText(described),
    end: endText(described),
    bucket: nameText(described.id),
    label: nameText(described.label),
    routes: routeText(described),
    window: windowText(matrix, column, column, utc),
    value: counted(series, value),
    rate: value >= SATURATED ? "counter saturated" : rate(series, value, windowMs(matrix)),
    group: idAt(groups, cell),
    term: idAt(terms, cell),
    nodes:
      columnNodes && most > 0 ? `${columnNodes[column]} of ${Math.max(most, matrix.fanout?.expected ?? 0)} nodes` : "",
    short: columnNodes && columnNodes[column] < most ? shortText(matrix, column) : "",
    conflict: conflicts?.[cell] === 1,
    gap: gapText(matrix, column),
  };
}

function gapText(matrix: Matrix, column: number): string {
  const ms = missingMs(matrix, column - 1, column + 1);
  return ms > 0 ? `after ${span(ms)} without windows` : "";
}

/** How long after its end a window may still wait for a node that is slow to count and to answer. */
const LATE_MS = 10_000;

function shortText(matrix: Matrix, column: number): string {
  const late = Math.max(2 * spacingMs(matrix), LATE_MS);
  const recent = matrix.columns[column] > matrix.generatedAt - late;
  return recent && mayFill(matrix, column)
    ? "so far: this window is not complete yet"
    : "have this window: the others’ share of it is missing";
}

function routeText(row: Row): string {
  if (!row.aggregate && row.routeCount <= 1) return "";
  const listed = row.routeIds.slice(0, 8).join(", ");
  const more = row.routeIdsTruncated || row.routeIds.length > 8 ? ", …" : "";
  return `${full(row.routeCount)} routes together${listed && ` (${listed}${more})`}`;
}

export const CONFLICT_TEXT =
  "Two nodes report different counts for the same writes. The leader most likely changed inside this window: the larger count is shown, and the true one may lie above it.";

/** One sentence for a screen reader. */
export function spoken(facts: CellFacts): string {
  const parts = [
    `${shorten(facts.start, 64)} to ${shorten(facts.end, 64)}`,
    `${facts.window} ${facts.gap}`.trim(),
    facts.value,
  ];
  if (facts.rate) parts.push(facts.rate);
  if (facts.group) parts.push(`group ${facts.group}, term ${facts.term || "not known"}`);
  if (facts.nodes) parts.push(`${facts.nodes} ${facts.short}`.trim());
  if (facts.conflict) parts.push("conflict");
  return parts.join(", ");
}
