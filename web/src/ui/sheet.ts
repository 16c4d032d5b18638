/** The picture for elsewhere: the chart as it stands, with what it takes to be read there. */

import { fullColumn, isUnaligned } from "../data/matrix";
import { windowStats } from "../data/stats";
import type { Frame } from "../picture/chart";
import { drawChart } from "../picture/chart";
import type { Inks } from "../picture/inks";
import { layout } from "../picture/layout";
import { legendImage, legendValues, placeOf } from "../picture/scale";
import { Tile } from "../picture/tile";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { notes } from "../text/notes";
import { amount, isBytes } from "../text/numbers";
import { windowText, zoned } from "../text/times";
import { frame } from "./drawing";
import { freshness, headline } from "./headline";

const MARGIN = 20;
const NOTES_TOP = 33;
const NOTE_LINE = 16;
const FOOT = 62;
/** Between one note and the next. */
const DOT = " · ";

/** A heading, the chart, its legend, and where it is from. Null where there is no chart. */
export function pictureSheet(): HTMLCanvasElement | null {
  const current = frame.peek();
  if (!current) return null;
  const { plot, profile } = current.layout;
  const width = profile.x + profile.w + 8;
  const height = plot.y + plot.h + 26;
  const ratio = Math.max(current.ratio, 2);
  const chart = canvasOf(width, height, ratio);
  drawChart(chart.context, new Tile(), { ...current, layout: layout(width, height), ratio });
  chart.context.font = noteFont(current.inks);
  const lines = wrap(chart.context, [...agedNote(), ...notesOf(current)], width);
  const head = NOTES_TOP + lines.length * NOTE_LINE + 3;
  const { context, canvas } = canvasOf(width + 2 * MARGIN, height + head + FOOT, ratio);
  context.fillStyle = current.inks.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart.canvas, MARGIN, head, width, height);
  drawHead(context, current.inks, lines, width);
  drawFoot(context, current.inks, MARGIN + plot.x, head + height + 8, current.utc);
  return canvas;
}

function notesOf({ matrix, shown, stats }: Frame): string[] {
  const all = () => windowStats(matrix, shown, 0, shown.length, { from: 0, to: matrix.columns.length });
  return notes(matrix, store.filter.peek(), stats ?? all());
}

function canvasOf(width: number, height: number, ratio: number) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.scale(ratio, ratio);
  return { canvas, context };
}

/** Of its age only what keeps it from being of the present, and as a time: it may be looked at next week. */
function agedNote(): string[] {
  const { state, told, tone, since } = freshness();
  const utc = clockZone.peek() === "utc";
  const at = since + store.ahead.peek();
  return tone === "fresh-late" ? [`${state}: ${told || "from "}${zoned(at, utc)}`] : [];
}

const noteFont = (inks: Inks) => `12px ${inks.font}`;

/** As many lines as it takes, broken between notes. */
function wrap(context: CanvasRenderingContext2D, parts: string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = `${last}${DOT}${part}`;
    if (last !== undefined && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function drawHead(context: CanvasRenderingContext2D, inks: Inks, lines: string[], width: number): void {
  const matrix = store.matrix.peek();
  if (!matrix) return;
  context.textBaseline = "top";
  context.fillStyle = inks.text;
  context.font = `600 15px ${inks.font}`;
  context.fillText(headline(matrix, store.maximum.peek()), MARGIN, 12, width);
  context.font = noteFont(inks);
  const incomplete = (matrix.fanout && !matrix.fanout.complete) || agedNote().length > 0;
  context.fillStyle = incomplete ? inks.amber : inks.muted;
  lines.forEach((line, at) => void context.fillText(line, MARGIN, NOTES_TOP + at * NOTE_LINE, width));
}

function drawFoot(context: CanvasRenderingContext2D, inks: Inks, left: number, top: number, utc: boolean): void {
  const matrix = store.matrix.peek();
  if (!matrix) return;
  const scale = store.scale.peek();
  const colours = store.colours.peek();
  const strip = canvasOf(256, 1, 1);
  strip.context.putImageData(legendImage(colours, scale), 0, 0);
  context.drawImage(strip.canvas, left, top, 320, 8);
  context.font = `11px ${inks.font}`;
  context.fillStyle = inks.muted;
  let free = left - 1;
  for (const value of [0, scale.max, ...legendValues(store.scaleName.peek(), scale, isBytes(matrix.series))]) {
    const at = left + 320 * placeOf(scale, value);
    const text = amount(matrix.series, value);
    const half = context.measureText(text).width / 2;
    if (value !== 0 && value !== scale.max && (at - half < free || at + half > left + 290)) continue;
    context.fillText(text, at - half, top + 12);
    if (value !== scale.max) free = at + half + 8;
  }
  const { columns } = matrix;
  const { from, to } = store.stats.peek()?.window ?? { from: 0, to: columns.length };
  const time = to > from ? windowText(matrix, from, to - 1, utc) : "";
  context.fillText(`${store.unit.peek()}, ${store.scaleName.peek()} scale`, left + 336, top - 1);
  const nodes = matrix.columnNodes && !isUnaligned(matrix) ? ` · up to ${fullColumn(matrix)} nodes a column` : "";
  context.fillText(`Source: ${location.host}, keyviz-fanout · ${time}${nodes}`, left, top + 31);
}
