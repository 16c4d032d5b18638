/** Where the parts of the chart lie, in CSS pixels. */

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Layout {
  /** Size of the text on the axes. */
  text: number;
  plot: Rect;
  /** Traffic of each column, above the plot. */
  totals: Rect;
  /** How many nodes each column has, between the two. */
  coverage: Rect;
  /** Traffic of each row, right of the plot. */
  profile: Rect;
  keys: Rect;
  times: Rect;
}

export function layout(width: number, height: number): Layout {
  const narrow = width < 560;
  const text = width < 1800 ? 11 : 13;
  const left = narrow ? 84 : width < 900 ? 132 : text * 17;
  const right = narrow ? 40 : 84;
  const above = height < 320 ? 24 : 40;
  const x = left;
  const w = Math.max(width - left - right, 1);
  const y = above + 10;
  const h = Math.max(height - y - 26, 1);
  return {
    text,
    plot: { x, y, w, h },
    totals: { x, y: 4, w, h: above - 4 },
    coverage: { x, y: above + 3, w, h: 4 },
    profile: { x: x + w + 6, y, w: right - 8, h },
    keys: { x: 0, y, w: left - 8, h },
    times: { x, y: y + h, w, h: 26 },
  };
}
