/**
 * Beside the plot, on linear scales: what each row and each column adds up to. Colours on a logarithm hide by how
 * much the hottest is hottest; these bars do not.
 */

import { fullColumn, isUnaligned } from "../data/matrix";
import { hottest } from "../data/stats";
import type { Frame } from "./chart";
import { places } from "./chart";
import { holes, shortColumns } from "./marks";

export function drawTotals(into: CanvasRenderingContext2D, frame: Frame): void {
  const { stats, view, inks, matrix } = frame;
  const { totals } = frame.layout;
  if (!stats) return;
  const from = Math.max(Math.floor(view.x0), 0);
  const to = Math.min(Math.ceil(view.x1), matrix.columns.length);
  let most = 0;
  for (const total of stats.columnTotals) most = Math.max(most, total);
  if (most === 0) return;
  const { x } = places(frame);
  const path = new Path2D();
  path.moveTo(Math.max(x(from), totals.x), totals.y + totals.h);
  eachBin(from, to, totals.w, (low, high) => {
    let tallest = 0;
    for (let column = low; column < high; column++) tallest = Math.max(tallest, stats.columnTotals[column]);
    const top = totals.y + totals.h * (1 - tallest / most);
    path.lineTo(Math.max(x(low), totals.x), top);
    path.lineTo(Math.min(x(high), totals.x + totals.w), top);
  });
  path.lineTo(Math.min(x(to), totals.x + totals.w), totals.y + totals.h);
  into.fillStyle = inks.bar;
  into.fill(path);
  tintShort(into, frame, path);
}

/** What is lower for want of a node is no fall in traffic. */
function tintShort(into: CanvasRenderingContext2D, frame: Frame, totals: Path2D): void {
  const { inks, layout, matrix } = frame;
  const { x } = places(frame);
  const short = new Path2D();
  for (const [from, to] of shortColumns(matrix)) short.rect(x(from), layout.totals.y, x(to) - x(from), layout.totals.h);
  into.save();
  into.clip(short);
  into.fillStyle = inks.amber;
  into.globalAlpha = 0.6;
  into.fill(totals);
  into.restore();
}

export function drawProfile(into: CanvasRenderingContext2D, frame: Frame): void {
  const { stats, view, inks } = frame;
  const { profile } = frame.layout;
  if (!stats || stats.rows.length === 0) return;
  const { y } = places(frame);
  const first = stats.rows[0].shown;
  // One alone, the same that the keys and the panel name, though others may have as much.
  const hot = hottest(stats);
  const most = Number(hot?.total ?? 0);
  if (most === 0) return;
  const from = Math.max(Math.floor(view.y0), first);
  const to = Math.min(Math.ceil(view.y1), first + stats.rows.length);
  let named: [top: number, bottom: number] | null = null;
  eachBin(from, to, profile.h, (low, high) => {
    let widest = 0;
    for (let row = low; row < high; row++) widest = Math.max(widest, Number(stats.rows[row - first].total));
    if (widest === 0) return;
    const top = Math.max(y(low), profile.y);
    const bottom = Math.min(y(high), profile.y + profile.h);
    const gap = bottom - top > 4 ? 1 : 0;
    const isHot = hot !== null && low <= hot.shown && hot.shown < high && stats.rows.length > 1;
    into.fillStyle = isHot ? inks["bar-hot"] : inks.bar;
    into.fillRect(profile.x, top, Math.max((profile.w * widest) / most, 1), Math.max(bottom - top - gap, 1));
    if (isHot && profile.w > 60) named = [top, bottom];
  });
  // After the bars below, which would lie over it.
  if (named) nameHottest(into, frame, named);
}

function nameHottest(
  into: CanvasRenderingContext2D,
  { inks, layout: { profile } }: Frame,
  [top, bottom]: [top: number, bottom: number],
): void {
  into.font = `600 10px ${inks.font}`;
  into.textAlign = "right";
  into.textBaseline = "middle";
  // Above the bar, unless that is the top of the plot, or within it where the bar is tall enough.
  const within = bottom - top > 16;
  into.fillStyle = within ? inks.surface : inks["bar-hot"];
  const at = within ? (top + bottom) / 2 : top - profile.y > 12 ? top - 7 : bottom + 8;
  if (!within) {
    // Over its neighbours' bars it would not be read.
    into.strokeStyle = inks.surface;
    into.lineWidth = 3;
    into.lineJoin = "round";
    into.strokeText("hottest", profile.x + profile.w, at);
  }
  into.fillText("hottest", profile.x + profile.w - (within ? 5 : 0), at);
}

/** How many nodes are in each column: a quiet line where all are, amber and lower where some are not. */
export function drawCoverage(into: CanvasRenderingContext2D, frame: Frame): void {
  const { matrix, view, inks } = frame;
  const { coverage } = frame.layout;
  const nodes = matrix.columnNodes;
  const full = Math.max(fullColumn(matrix), matrix.fanout?.expected ?? 0);
  if (!nodes || full === 0 || isUnaligned(matrix)) return;
  const { x } = places(frame);
  const right = coverage.x + coverage.w;
  into.fillStyle = inks.line;
  into.fillRect(coverage.x, coverage.y, coverage.w, coverage.h);
  eachBin(Math.max(Math.floor(view.x0), 0), Math.min(Math.ceil(view.x1), nodes.length), coverage.w, (low, high) => {
    let least = full;
    for (let column = low; column < high; column++) least = Math.min(least, nodes[column]);
    const from = Math.max(x(low), coverage.x);
    const width = Math.min(x(high), right) - from;
    into.fillStyle = least === full ? inks.bar : inks.amber;
    const height = least === full ? coverage.h : Math.max((coverage.h * least) / full, 1.5);
    into.fillRect(from, coverage.y + coverage.h - height, width, height);
  });
}

/** A notch above each line where time is missing. */
export function drawNotches(into: CanvasRenderingContext2D, frame: Frame): void {
  const { matrix, inks } = frame;
  const { coverage, plot } = frame.layout;
  const { x } = places(frame);
  const notches = new Path2D();
  for (const { column } of holes(matrix)) {
    const at = Math.round(x(column));
    if (at < plot.x || at > plot.x + plot.w) continue;
    notches.moveTo(at - 6, coverage.y - 3);
    notches.lineTo(at + 6, coverage.y - 3);
    notches.lineTo(at, plot.y);
    notches.closePath();
  }
  into.fillStyle = inks.amber;
  into.strokeStyle = inks.surface;
  into.lineWidth = 2;
  into.stroke(notches);
  into.fill(notches);
}

/** Stretches of one and more cells, as many as `pixels` can show; the cells of a stretch always stay together. */
function eachBin(from: number, to: number, pixels: number, draw: (low: number, high: number) => void): void {
  const every = Math.max(1, 2 ** Math.ceil(Math.log2((to - from) / pixels)));
  for (let low = Math.floor(from / every) * every; low < to; low += every) {
    draw(Math.max(low, from), Math.min(low + every, to));
  }
}
