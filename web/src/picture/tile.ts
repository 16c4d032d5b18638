/**
 * The cells as an image, one pixel per (pooled) cell, which each frame only stretches over the plot. It never holds
 * more pixels than the plot: what is larger is cut to the surroundings of the view.
 */

import { type Pooled, Pyramid, stepsFor } from "./pool";
import type { View } from "./view";

export interface Source {
  codes: Uint16Array;
  rows: number;
  columns: number;
}

/** The part of a level that an image shows, in its pooled cells, ends excluded. */
interface Part {
  row: number;
  rowEnd: number;
  column: number;
  columnEnd: number;
}

export class Tile {
  readonly canvas = document.createElement("canvas");
  private source: Source | null = null;
  private pyramid = new Pyramid(new Uint16Array(0), 0, 0);
  private pixels: Uint32Array | null = null;
  private level: Pooled | null = null;
  private part: Part = { row: 0, rowEnd: 0, column: 0, columnEnd: 0 };

  /**
   * Draws the view over a rectangle of device pixels.
   * @param pixels the colour of each code, as `ImageData` has it
   */
  draw(
    into: CanvasRenderingContext2D,
    source: Source,
    pixels: Uint32Array,
    view: View,
    x: number,
    y: number,
    w: number,
    h: number,
  ) {
    if (source.rows === 0 || source.columns === 0 || w < 1 || h < 1) return;
    this.prepare(source, pixels, view, w, h);
    const { level, part } = this;
    if (!level) return;
    const across = w / (view.x1 - view.x0);
    const down = h / (view.y1 - view.y0);
    into.save();
    into.beginPath();
    into.rect(x, y, w, h);
    into.clip();
    into.imageSmoothingEnabled = false;
    into.drawImage(
      this.canvas,
      x + (part.column * level.columnStep - view.x0) * across,
      y + (part.row * level.rowStep - view.y0) * down,
      (part.columnEnd - part.column) * level.columnStep * across,
      (part.rowEnd - part.row) * level.rowStep * down,
    );
    into.restore();
  }

  private prepare(source: Source, pixels: Uint32Array, view: View, w: number, h: number): void {
    if (source !== this.source) {
      this.source = source;
      this.pyramid = new Pyramid(source.codes, source.rows, source.columns);
      this.level = null;
    }
    const level = this.pyramid.level(stepsFor(view, w, h));
    const needed = partOf(level, view);
    if (level === this.level && pixels === this.pixels && covers(this.part, needed)) return;
    this.level = level;
    this.pixels = pixels;
    const budget = Math.floor(w) * Math.floor(h);
    this.part = level.rows * level.columns <= budget ? everything(level) : widened(needed, level, budget);
    this.paint(level, pixels);
  }

  private paint({ codes, columns }: Pooled, pixels: Uint32Array): void {
    const { row, rowEnd, column, columnEnd } = this.part;
    const width = columnEnd - column;
    const image = new ImageData(width, rowEnd - row);
    const out = new Uint32Array(image.data.buffer);
    for (let r = row, at = 0; r < rowEnd; r++) {
      for (let from = r * columns + column, end = from + width; from < end; from++) out[at++] = pixels[codes[from]];
    }
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== image.height) this.canvas.height = image.height;
    this.canvas.getContext("2d")?.putImageData(image, 0, 0);
  }
}

function everything({ rows, columns }: Pooled): Part {
  return { row: 0, rowEnd: rows, column: 0, columnEnd: columns };
}

function partOf({ rows, columns, rowStep, columnStep }: Pooled, view: View): Part {
  return {
    row: Math.max(Math.floor(view.y0 / rowStep), 0),
    rowEnd: Math.min(Math.ceil(view.y1 / rowStep), rows),
    column: Math.max(Math.floor(view.x0 / columnStep), 0),
    columnEnd: Math.min(Math.ceil(view.x1 / columnStep), columns),
  };
}

function covers(part: Part, needed: Part): boolean {
  return (
    part.row <= needed.row &&
    part.rowEnd >= needed.rowEnd &&
    part.column <= needed.column &&
    part.columnEnd >= needed.columnEnd
  );
}

/** Room on all sides for panning, as much as the budget of pixels has. */
function widened(needed: Part, level: Pooled, budget: number): Part {
  const rows = needed.rowEnd - needed.row;
  const columns = needed.columnEnd - needed.column;
  const share = Math.max(0, (Math.sqrt(budget / (rows * columns)) - 1) / 2);
  const [up, left] = [Math.floor(rows * share), Math.floor(columns * share)];
  return {
    row: Math.max(needed.row - up, 0),
    rowEnd: Math.min(needed.rowEnd + up, level.rows),
    column: Math.max(needed.column - left, 0),
    columnEnd: Math.min(needed.columnEnd + left, level.columns),
  };
}
