/** What is said of a count that some nodes have not told their share of. */

import type { Matrix } from "../data/matrix";
import { fullColumn } from "../data/matrix";

/** What stands before and after a rate of one column that lacks nodes: it is at least that much. */
export function lacking(matrix: Matrix, column: number): { bound: string; nodes: string } {
  const full = fullColumn(matrix);
  const nodes = matrix.columnNodes?.[column] ?? full;
  return nodes < full ? { bound: "≥ ", nodes: ` (${nodes} of ${full} nodes)` } : { bound: "", nodes: "" };
}
