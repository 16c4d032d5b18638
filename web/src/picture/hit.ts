/** Which cell a point of the plot shows. */

import type { Steps } from "./pool";
import type { Extent, View } from "./view";

export interface Cell {
  /** Index among the rows shown. */
  row: number;
  column: number;
}

/** The cell at shares of the view, or null beyond the matrix. */
export function cellAt(view: View, extent: Extent, fx: number, fy: number): Cell | null {
  if (fx < 0 || fy < 0 || fx >= 1 || fy >= 1) return null;
  const column = Math.floor(view.x0 + fx * (view.x1 - view.x0));
  const row = Math.floor(view.y0 + fy * (view.y1 - view.y0));
  return column < extent.columns && row < extent.rows ? { row, column } : null;
}

/**
 * Of the cells that share a pixel with the one pointed at, the largest: it is the one that the pixel has its colour
 * from. Among equals the one pointed at, else the first.
 */
export function drawnFor(
  pointed: Cell,
  extent: Extent,
  { rowStep, columnStep }: Steps,
  valueAt: (row: number, column: number) => number,
): Cell {
  const [top, left] = [pointed.row - (pointed.row % rowStep), pointed.column - (pointed.column % columnStep)];
  const [bottom, right] = [Math.min(top + rowStep, extent.rows), Math.min(left + columnStep, extent.columns)];
  let best = pointed;
  let most = valueAt(pointed.row, pointed.column);
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const value = valueAt(row, column);
      if (value > most) [best, most] = [{ row, column }, value];
    }
  }
  return best;
}
