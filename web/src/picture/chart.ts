/** One frame of the chart: cells, marks, axes and margins. The PNG is a frame too. */

import type { Matrix } from "../data/matrix";
import { spacingMs } from "../data/matrix";
import type { WindowStats } from "../data/stats";
import { drawKeys, drawTimes } from "./axes";
import type { Inks } from "./inks";
import type { Layout } from "./layout";
import { drawCoverage, drawNotches, drawProfile, drawTotals } from "./margins";
import type { Block } from "./marks";
import { holes, shortColumns } from "./marks";
import { QUIET } from "./ramps";
import type { Source, Tile } from "./tile";
import type { View } from "./view";

export interface Frame {
  matrix: Matrix;
  shown: Uint32Array;
  source: Source;
  pixels: Uint32Array;
  conflicts: Block[];
  stats: WindowStats | null;
  view: View;
  utc: boolean;
  inks: Inks;
  layout: Layout;
  /** Device pixels per CSS pixel. */
  ratio: number;
}

/** Fewer than these are drawn one by one; beyond, no eye would tell them apart. */
const MOST_BLOCKS = 4000;

export function drawChart(into: CanvasRenderingContext2D, tile: Tile, frame: Frame): void {
  const { layout, ratio, view } = frame;
  const { plot } = layout;
  into.setTransform(1, 0, 0, 1, 0, 0);
  into.clearRect(0, 0, into.canvas.width, into.canvas.height);
  into.fillStyle = `rgb(${QUIET.join(" ")})`;
  into.fillRect(plot.x * ratio, plot.y * ratio, plot.w * ratio, plot.h * ratio);
  tile.draw(into, frame.source, frame.pixels, view, plot.x * ratio, plot.y * ratio, plot.w * ratio, plot.h * ratio);
  into.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawMarks(into, frame);
  drawTimes(into, frame);
  drawKeys(into, frame);
  drawTotals(into, frame);
  drawCoverage(into, frame);
  drawNotches(into, frame);
  drawProfile(into, frame);
}

/** Pixel places of columns and rows. */
export function places({ layout: { plot }, view }: Pick<Frame, "layout" | "view">) {
  const across = plot.w / (view.x1 - view.x0);
  const down = plot.h / (view.y1 - view.y0);
  return {
    across,
    down,
    x: (column: number) => plot.x + (column - view.x0) * across,
    y: (row: number) => plot.y + (row - view.y0) * down,
  };
}

function drawMarks(into: CanvasRenderingContext2D, frame: Frame): void {
  const { plot } = frame.layout;
  into.save();
  into.beginPath();
  into.rect(plot.x, plot.y, plot.w, plot.h);
  into.clip();
  dimShortColumns(into, frame);
  hatch(into, frame);
  drawHoles(into, frame);
  into.restore();
}

function dimShortColumns(into: CanvasRenderingContext2D, frame: Frame): void {
  const { x, across } = places(frame);
  const { plot } = frame.layout;
  into.fillStyle = `rgb(${QUIET.join(" ")} / 0.62)`;
  for (const [from, to] of shortColumns(frame.matrix)) {
    into.fillRect(x(from), plot.y, (to - from) * across, plot.h);
  }
}

/** Contradicted cells: diagonal lines, light over dark, so that they show on any colour; never too small to be seen. */
function hatch(into: CanvasRenderingContext2D, frame: Frame): void {
  const { x, y, across, down } = places(frame);
  const { view } = frame;
  const path = new Path2D();
  let drawn = 0;
  for (const { row, rowEnd, column, columnEnd } of frame.conflicts) {
    if (rowEnd <= view.y0 || row >= view.y1 || columnEnd <= view.x0 || column >= view.x1) continue;
    if (++drawn > MOST_BLOCKS) break;
    const w = Math.max((columnEnd - column) * across, 5);
    const h = Math.max((rowEnd - row) * down, 5);
    path.rect((x(column) + x(columnEnd) - w) / 2, (y(row) + y(rowEnd) - h) / 2, w, h);
  }
  if (drawn === 0) return;
  into.fillStyle = stripes(into);
  into.fill(path);
}

let pattern: CanvasPattern | null = null;

function stripes(into: CanvasRenderingContext2D): CanvasPattern | string {
  if (pattern) return pattern;
  const size = 8;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (!context) return "transparent";
  for (const [style, width] of [
    ["rgb(0 0 0 / 0.75)", 4],
    ["rgb(255 255 255 / 0.95)", 1.6],
  ] as const) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    for (const shift of [-size, 0, size]) {
      context.moveTo(shift - 1, size + 1);
      context.lineTo(shift + size + 1, -1);
    }
    context.stroke();
  }
  pattern = into.createPattern(canvas, "repeat");
  return pattern ?? "transparent";
}

/** Where time is missing: a dashed line that shows on any colour, and hides no more cells than it must. */
function drawHoles(into: CanvasRenderingContext2D, frame: Frame): void {
  const { x } = places(frame);
  const { plot } = frame.layout;
  const lines = new Path2D();
  for (const { column } of holes(frame.matrix)) {
    const at = Math.round(x(column));
    lines.moveTo(at, plot.y);
    lines.lineTo(at, plot.y + plot.h);
  }
  into.lineWidth = 2;
  into.strokeStyle = frame.inks.surface;
  into.stroke(lines);
  into.setLineDash([5, 5]);
  into.strokeStyle = frame.inks.text;
  into.stroke(lines);
}

export const spacingOf = (frame: Frame) => spacingMs(frame.matrix);
