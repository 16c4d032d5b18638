/** What has to be known of a picture to believe it, for where the page's own banners and signs are not. */

import type { Matrix } from "../data/matrix";
import { failedNodes } from "../data/matrix";
import type { WindowStats } from "../data/stats";
import { missingMs, shortColumns } from "../picture/marks";
import { plural, span } from "./numbers";

/** Of the whole answer, and of what is in view of it. */
export function notes(matrix: Matrix, filter: string, { rows, window: { from, to } }: WindowStats): string[] {
  const { fanout, rowsDropped } = matrix;
  const conflicts = rows.reduce((sum, row) => sum + row.conflicts, 0);
  const missing = missingMs(matrix, from, to);
  const isShort = shortColumns(matrix).some(([first, end]) => first < to && end > from);
  const warned = fanout?.nodes.filter(({ warnings }) => warnings?.length).map(({ node }) => node) ?? [];
  return [
    answeredText(matrix),
    filter && `rows matching “${filter}”`,
    rowsDropped > 0 ? `${plural(rowsDropped, "row")} dropped` : "",
    conflicts > 0 ? `hatched: ${plural(conflicts, "cell")} in conflict` : "",
    isShort ? "dimmed: not all nodes" : "",
    missing > 0 ? `dashed line: no windows for ${span(missing)}` : "",
    warned.length > 0 ? `warnings of ${warned.join(", ")}` : "",
  ].filter((note) => note !== "");
}

function answeredText({ fanout }: Matrix): string {
  if (!fanout) return "one node’s own view";
  const failed = failedNodes(fanout.nodes).map(({ node }) => node);
  return failed.length > 0 ? `without ${failed.join(", ")}` : "all nodes answered";
}
