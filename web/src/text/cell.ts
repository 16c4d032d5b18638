/** All that is known of one cell, as text: for the tooltip, the pinned cell, and whoever can't see the picture. */

import type { Matrix, Row } from "../data/matrix";
import { exact, fullColumn, SATURATED, windowMs } from "../data/matrix";
import { endText, startText } from "./keys";
import { full, noun, rate } from "./numbers";
import { between } from "./times";

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
  /** Not all nodes have this window yet. */
  short: boolean;
  conflict: boolean;
}

export function cellFacts(matrix: Matrix, row: number, column: number, utc: boolean): CellFacts {
  const { columns, columnNodes, conflicts, groups, series, terms } = matrix;
  const described = matrix.rows[row];
  const cell = row * columns.length + column;
  const value = exact(matrix, cell);
  const step = windowMs(matrix);
  const most = fullColumn(matrix);
  const known = (ids: Matrix["groups"]) => (ids?.cells[cell] ? ids.known[ids.cells[cell]] : "");
  return {
    start: startText(described),
    end: endText(described),
    bucket: described.id,
    label: described.label,
    routes: routeText(described),
    window: between(columns[column] - step, columns[column], utc),
    value: `${full(value)} ${noun(series)}`,
    rate: value >= SATURATED ? "counter saturated" : rate(series, value, step),
    group: known(groups),
    term: known(terms),
    nodes: columnNodes ? `${columnNodes[column]} of ${Math.max(most, matrix.fanout?.expected ?? 0)} nodes` : "",
    short: !!columnNodes && columnNodes[column] < most,
    conflict: conflicts?.[cell] === 1,
  };
}

function routeText(row: Row): string {
  if (!row.aggregate && row.routeCount <= 1) return "";
  const listed = row.routeIds.slice(0, 8).join(", ");
  const more = row.routeIdsTruncated || row.routeIds.length > 8 ? ", …" : "";
  return `${row.routeCount} routes together${listed && ` (${listed}${more})`}`;
}

export const CONFLICT_TEXT =
  "Two nodes report different counts for the same writes. The leader most likely changed inside this window: the larger count is shown, and the true one may lie above it.";

/** One sentence for a screen reader. */
export function spoken(facts: CellFacts): string {
  const parts = [`${facts.start} to ${facts.end}`, facts.window, facts.value, facts.rate];
  if (facts.group) parts.push(`group ${facts.group}, term ${facts.term || "not known"}`);
  if (facts.nodes) parts.push(facts.nodes);
  if (facts.conflict) parts.push("conflict");
  return parts.join(", ");
}
