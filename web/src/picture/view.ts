/** The part of the matrix that is looked at, in columns (x) and rows (y), and the arithmetic of moving it. */

export interface View {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

export interface Extent {
  columns: number;
  rows: number;
}

/** The closest that one comes: this many cells across. */
const CLOSEST = 3;

export function whole({ columns, rows }: Extent): View {
  return { x0: 0, x1: Math.max(columns, 1), y0: 0, y1: Math.max(rows, 1) };
}

export function isWhole(view: View, extent: Extent): boolean {
  const all = whole(extent);
  return view.x0 <= all.x0 && view.x1 >= all.x1 && view.y0 <= all.y0 && view.y1 >= all.y1;
}

/** Keeps the spans, as far as they fit, and moves them inside. */
export function clamp(view: View, extent: Extent): View {
  const [x0, x1] = inside(view.x0, view.x1, Math.max(extent.columns, 1));
  const [y0, y1] = inside(view.y0, view.y1, Math.max(extent.rows, 1));
  return { x0, x1, y0, y1 };
}

function inside(low: number, high: number, size: number): [number, number] {
  const span = Math.min(Math.max(high - low, Math.min(CLOSEST, size)), size);
  const start = Math.min(Math.max(high - low === span ? low : (low + high - span) / 2, 0), size - span);
  return [start, start + span];
}

/** Zooms by factors (above 1: closer) so that what lies at the shares `fx`, `fy` of the view stays where it is. */
export function zoom(view: View, extent: Extent, fx: number, fy: number, kx: number, ky = kx): View {
  const [x0, x1] = scaled(view.x0, view.x1, fx, kx, Math.max(extent.columns, 1));
  const [y0, y1] = scaled(view.y0, view.y1, fy, ky, Math.max(extent.rows, 1));
  return clamp({ x0, x1, y0, y1 }, extent);
}

function scaled(low: number, high: number, share: number, factor: number, size: number): [number, number] {
  const span = Math.min(Math.max((high - low) / factor, Math.min(CLOSEST, size)), size);
  const still = low + share * (high - low);
  return [still - share * span, still + (1 - share) * span];
}

/** Moves by shares of the view. */
export function pan(view: View, extent: Extent, fx: number, fy: number): View {
  const dx = fx * (view.x1 - view.x0);
  const dy = fy * (view.y1 - view.y0);
  return clamp({ x0: view.x0 + dx, x1: view.x1 + dx, y0: view.y0 + dy, y1: view.y1 + dy }, extent);
}

/** The box between two points, given as shares of the view. */
export function box(view: View, extent: Extent, ax: number, ay: number, bx: number, by: number): View {
  const x = (share: number) => view.x0 + share * (view.x1 - view.x0);
  const y = (share: number) => view.y0 + share * (view.y1 - view.y0);
  return clamp(
    { x0: x(Math.min(ax, bx)), x1: x(Math.max(ax, bx)), y0: y(Math.min(ay, by)), y1: y(Math.max(ay, by)) },
    extent,
  );
}

/** Moves the view no further than needed for a cell to be in it. */
export function reveal(view: View, extent: Extent, row: number, column: number): View {
  const shift = (low: number, high: number, at: number) => (at < low ? at - low : at + 1 > high ? at + 1 - high : 0);
  const dx = shift(view.x0, view.x1, column);
  const dy = shift(view.y0, view.y1, row);
  return dx || dy ? clamp({ x0: view.x0 + dx, x1: view.x1 + dx, y0: view.y0 + dy, y1: view.y1 + dy }, extent) : view;
}

/** First and last (excluded) of the cells that lie between two places, if only in part, but for what nobody can see. */
export function cellsBetween(low: number, high: number, size: number): [first: number, last: number] {
  // About a pixel of the view, or what arithmetic leaves of a cell that is not meant.
  const sliver = Math.min((high - low) / 1000, 0.1);
  return [Math.max(Math.floor(low + sliver), 0), Math.min(Math.ceil(high - sliver), size)];
}

/** How far a column reaches back from its end: one step, but not into the column before. */
function reach(columns: Float64Array, step: number, column: number): number {
  return column > 0 ? Math.min(step, columns[column] - columns[column - 1]) : step;
}

/** The time at a place between columns. */
export function timeAt(columns: Float64Array, step: number, x: number): number {
  const column = Math.min(Math.max(Math.floor(x), 0), columns.length - 1);
  return columns[column] - reach(columns, step, column) * (1 - Math.min(Math.max(x - column, 0), 1));
}

/** The place of a time; where time is missing between two columns it is the start of the later. */
export function placeOfTime(columns: Float64Array, step: number, time: number): number {
  let low = 0;
  let high = columns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (columns[middle] >= time) high = middle;
    else low = middle + 1;
  }
  if (low === columns.length) return low;
  return low + Math.min(Math.max(1 - (columns[low] - time) / reach(columns, step, low), 0), 1);
}
