/** Telling someone: a link, a picture, the numbers. */

import { signal } from "@preact/signals";
import type { Matrix } from "../data/matrix";
import { fullColumn, isUnaligned } from "../data/matrix";
import { drawChart } from "../picture/chart";
import { layout } from "../picture/layout";
import { legendImage, legendValues, placeOf } from "../picture/scale";
import { Tile } from "../picture/tile";
import * as store from "../state/store";
import type { PageState } from "../state/url";
import { write } from "../state/url";
import { csv } from "../text/csv";
import { amount } from "../text/numbers";
import { fileMoment, windowText, zone } from "../text/times";
import { frame } from "./drawing";
import { headline } from "./headline";
import { IconButton } from "./parts";

/** What came of the last copy, said for two seconds. */
const said = signal("");

export function Share() {
  const nothing = !store.matrix.value?.rows.length;
  return (
    <div class="group">
      <IconButton
        icon="link"
        label="Copy a link to exactly this"
        text={said.value || "Copy link"}
        onClick={() => void copyLink()}
      />
      <IconButton icon="down" label="Save the picture as PNG" text="PNG" onClick={savePicture} disabled={nothing} />
      <IconButton
        icon="down"
        label="Save the visible window as CSV"
        text="CSV"
        onClick={saveNumbers}
        disabled={nothing}
      />
    </div>
  );
}

export async function copyLink(): Promise<void> {
  const page = new URL(location.href);
  page.hash = write(fixed(store.pageState.peek(), store.matrix.peek()));
  said.value = (await copy(page.href)) ? "Copied" : "Copy failed";
  setTimeout(() => {
    said.value = "";
  }, 2000);
}

/** As it stands, however late it is opened: what is a range up to the present becomes the columns that are shown. */
function fixed(state: PageState, matrix: Matrix | null): PageState {
  if (state.range.kind === "span" || !matrix?.columns.length) return state;
  const { columns } = matrix;
  return { ...state, range: { kind: "span", from: columns[0], to: columns[columns.length - 1] + 1 } };
}

/** The clipboard is only there on https and loopback; beyond, the older way still works. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr-only";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function saveNumbers(): void {
  const { matrix, shown, stats } = store;
  if (!matrix.value || !stats.value) return;
  const rows = stats.value.rows.map((row) => shown.value[row.shown]);
  const { from, to } = stats.value.window;
  save(new Blob(csv(matrix.value, rows, from, to), { type: "text/csv" }), "csv");
}

function save(blob: Blob, extension: string): void {
  const matrix = store.matrix.peek();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `keyviz-${matrix?.series}-${fileMoment(matrix?.columns.at(-1) ?? Date.now())}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const MARGIN = 20;
const HEAD = 52;
const FOOT = 62;

/** The chart as it stands, with what it takes to be read elsewhere: heading, legend, and where it is from. */
function savePicture(): void {
  const current = frame.peek();
  if (!current) return;
  const { plot, profile } = current.layout;
  const width = profile.x + profile.w + 8;
  const height = plot.y + plot.h + 26;
  const ratio = Math.max(current.ratio, 2);
  const chart = canvasOf(width, height, ratio);
  drawChart(chart.context, new Tile(), { ...current, layout: layout(width, height), ratio });
  const sheet = canvasOf(width + 2 * MARGIN, height + HEAD + FOOT, ratio);
  const { context, canvas } = sheet;
  context.fillStyle = current.inks.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart.canvas, MARGIN, HEAD, width, height);
  drawHead(context, current.inks);
  drawFoot(context, current.inks, MARGIN + plot.x, HEAD + height + 8, current.utc);
  canvas.toBlob((blob) => blob && save(blob, "png"));
}

function canvasOf(width: number, height: number, ratio: number) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.scale(ratio, ratio);
  return { canvas, context };
}

type PictureInks = { text: string; muted: string; amber: string; font: string };

function drawHead(context: CanvasRenderingContext2D, inks: PictureInks): void {
  const matrix = store.matrix.peek();
  if (!matrix) return;
  context.textBaseline = "top";
  context.fillStyle = inks.text;
  context.font = `600 15px ${inks.font}`;
  context.fillText(headline(matrix, store.maximum.peek()), MARGIN, 12);
  context.font = `12px ${inks.font}`;
  context.fillStyle = matrix.fanout && !matrix.fanout.complete ? inks.amber : inks.muted;
  const down = matrix.fanout?.nodes.filter(({ ok, role }) => !ok && role !== "duplicate").map(({ node }) => node) ?? [];
  const filter = store.filter.peek() && ` · rows matching “${store.filter.peek()}”`;
  const missing =
    down.length > 0 ? `without ${down.join(", ")}` : matrix.fanout ? "all nodes answered" : "one node's own view";
  context.fillText(missing + filter, MARGIN, 33);
}

function drawFoot(context: CanvasRenderingContext2D, inks: PictureInks, left: number, top: number, utc: boolean): void {
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
  for (const value of [0, scale.max, ...legendValues(store.scaleName.peek(), scale)]) {
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
  context.fillText(`Source: ${location.host}, keyviz-fanout · ${time} ${zone(utc)}${nodes}`, left, top + 31);
}
