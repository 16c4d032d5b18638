/** What has to be known of a picture to believe it, for where the page's own banners and signs are not. */

import type { Matrix } from "../data/matrix";
import { holes, shortColumns } from "../picture/marks";
import { plural, span } from "./numbers";

export function notes(matrix: Matrix, filter: string): string[] {
  const { conflicts, fanout, rowsDropped } = matrix;
  const cells = conflicts?.reduce((sum, flag) => sum + flag, 0) ?? 0;
  const missing = holes(matrix).reduce((sum, { ms }) => sum + ms, 0);
  const warned = fanout?.nodes.filter(({ warnings }) => warnings?.length).map(({ node }) => node) ?? [];
  return [
    answeredText(matrix),
    filter && `rows matching “${filter}”`,
    rowsDropped > 0 ? `${plural(rowsDropped, "row")} dropped` : "",
    cells > 0 ? `hatched: ${plural(cells, "cell")} in conflict` : "",
    shortColumns(matrix).length > 0 ? "dimmed: not all nodes" : "",
    missing > 0 ? `dashed line: no windows for ${span(missing)}` : "",
    warned.length > 0 ? `warnings of ${warned.join(", ")}` : "",
  ].filter((note) => note !== "");
}

function answeredText({ fanout }: Matrix): string {
  if (!fanout) return "one node’s own view";
  const down = fanout.nodes.filter(({ ok, role }) => !ok && role !== "duplicate").map(({ node }) => node);
  return down.length > 0 ? `without ${down.join(", ")}` : "all nodes answered";
}
