/** Several cells under one pixel show the largest: a hot spot of one cell is never averaged away. */

import type { View } from "./view";

/** How many rows and columns one pixel stands for. */
export interface Steps {
  rowStep: number;
  columnStep: number;
}

/** A matrix of codes in which each cell is the largest of a block of `rowStep` × `columnStep`. */
export interface Pooled extends Steps {
  codes: Uint16Array;
  rows: number;
  columns: number;
}

export function pool(codes: Uint16Array, rows: number, columns: number, rowStep: number, columnStep: number): Pooled {
  if (rowStep === 1 && columnStep === 1) return { codes, rows, columns, rowStep, columnStep };
  const height = Math.ceil(rows / rowStep);
  const width = Math.ceil(columns / columnStep);
  const out = new Uint16Array(height * width);
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * columns;
    let at = Math.floor(row / rowStep) * width;
    for (let from = row * columns; from < end; from += columnStep, at++) {
      let most = out[at];
      for (let cell = from, last = Math.min(from + columnStep, end); cell < last; cell++) {
        if (codes[cell] > most) most = codes[cell];
      }
      out[at] = most;
    }
  }
  return { codes: out, rows: height, columns: width, rowStep, columnStep };
}

/** The least power of two at which `cells` shown on `pixels` are no narrower than a pixel. */
export function stepFor(cells: number, pixels: number): number {
  let step = 1;
  while (cells / step > pixels) step *= 2;
  return step;
}

/** For a view that is drawn over `w` × `h` device pixels. */
export function stepsFor(view: View, w: number, h: number): Steps {
  return {
    rowStep: stepFor(view.y1 - view.y0, Math.floor(h)),
    columnStep: stepFor(view.x1 - view.x0, Math.floor(w)),
  };
}

/** Pooled copies of one matrix, each made when first needed, from a finer one where there is one. */
export class Pyramid {
  private levels = new Map<string, Pooled>();

  constructor(
    readonly codes: Uint16Array,
    readonly rows: number,
    readonly columns: number,
  ) {}

  level({ rowStep, columnStep }: Steps): Pooled {
    const key = `${rowStep}/${columnStep}`;
    const known = this.levels.get(key);
    if (known) return known;
    const made = this.make(rowStep, columnStep);
    this.levels.set(key, made);
    return made;
  }

  private make(rowStep: number, columnStep: number): Pooled {
    for (const finer of this.levels.values()) {
      if (finer.rowStep > rowStep || finer.columnStep > columnStep || finer.codes === this.codes) continue;
      const made = pool(finer.codes, finer.rows, finer.columns, rowStep / finer.rowStep, columnStep / finer.columnStep);
      return { ...made, rowStep, columnStep };
    }
    return pool(this.codes, this.rows, this.columns, rowStep, columnStep);
  }
}
