/**
 * A zoom in terms that outlive the matrix it was made on: times, and buckets with the share of the row that is cut
 * off. So new columns, and rows that come and go, never move what is looked at.
 */

import type { Matrix } from "../data/matrix";
import { spacingMs } from "../data/matrix";
import type { View } from "./view";
import { clamp, placeOfTime, timeAt, whole } from "./view";

/** An axis that is not named is shown whole. */
export interface Zoom {
  time?: [from: number, to: number];
  /** The rows at the top and at the bottom. */
  rows?: [first: Edge, last: Edge];
}

/** A row, and how far into it, 0 … 1. */
export interface Edge {
  bucket: string;
  share: number;
}

/** @param shown the rows shown, as indices into the matrix */
export function toZoom(view: View, matrix: Matrix, shown: Uint32Array): Zoom {
  const all = whole({ columns: matrix.columns.length, rows: shown.length });
  const step = spacingMs(matrix);
  const zoom: Zoom = {};
  if (view.x0 > all.x0 || view.x1 < all.x1) {
    zoom.time = [timeAt(matrix.columns, step, view.x0), timeAt(matrix.columns, step, view.x1)];
  }
  if (view.y0 > all.y0 || view.y1 < all.y1) {
    const edge = (y: number, row: number): Edge => ({ bucket: matrix.rows[shown[row]].id, share: y - row });
    zoom.rows = [edge(view.y0, Math.floor(view.y0)), edge(view.y1, Math.ceil(view.y1) - 1)];
  }
  return zoom;
}

export function toView(zoom: Zoom, matrix: Matrix, shown: Uint32Array): View {
  const extent = { columns: matrix.columns.length, rows: shown.length };
  const view = whole(extent);
  if (zoom.time && extent.columns > 0) {
    const step = spacingMs(matrix);
    const [x0, x1] = zoom.time.map((time) => placeOfTime(matrix.columns, step, time));
    if (x1 > x0) Object.assign(view, { x0, x1 });
  }
  if (zoom.rows) {
    const [y0, y1] = zoom.rows.map(({ bucket, share }) => {
      const row = shown.findIndex((index) => matrix.rows[index].id === bucket);
      return row < 0 ? -1 : row + share;
    });
    if (y0 >= 0 && y1 > y0) Object.assign(view, { y0, y1 });
  }
  return clamp(view, extent);
}
