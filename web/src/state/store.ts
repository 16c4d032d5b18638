/** What the page knows and shows, as signals. Nothing here touches the document. */

import { batch, computed, signal } from "@preact/signals";
import { codeOf, histogram } from "../data/codes";
import type { Fanout, Matrix } from "../data/matrix";
import { isCurrent, isUnaligned, lastComplete, spacingMs, warns, windowMs } from "../data/matrix";
import type { Failure } from "../data/request";
import { busiestNow, hottest, windowStats } from "../data/stats";
import type { Cell } from "../picture/hit";
import type { Block } from "../picture/marks";
import { conflictBlocks, missingMs, shortColumns } from "../picture/marks";
import { lookup } from "../picture/ramps";
import { scaleOf } from "../picture/scale";
import type { Extent, View } from "../picture/view";
import { cellsBetween, whole } from "../picture/view";
import type { Zoom } from "../picture/zoomref";
import { toView, toZoom } from "../picture/zoomref";
import { findRows } from "../text/keys";
import { noun, span } from "../text/numbers";
import type { CellRef, PageState, Range } from "./url";
import { DEFAULTS, rangeOf, reachingBack, read } from "./url";

const initial = typeof location === "undefined" ? DEFAULTS : reachingBack(read(location.hash), Date.now());

export const view = signal(initial.view);
export const series = signal(initial.series);
export const range = signal(initial.range);
export const filter = signal(initial.filter);
export const scaleName = signal(initial.scale);
export const brightness = signal(initial.brightness);
export const rampName = signal(initial.ramp);
export const pinned = signal<CellRef | null>(initial.cell);
const zoom = signal<Zoom>(initial.zoom);

export const matrix = signal<Matrix | null>(null);
export const failure = signal<Failure | null>(null);
/** What became of each node when the daemon last told of it: the picture may be older, and so may this. */
export const lastFanout = signal<Fanout | null>(null);
/** The daemon's last word was none about its nodes. */
export const fanoutIsOld = computed(() => failure.value !== null && failure.value.fanout === null);
/** When the matrix arrived, by this browser's clock. */
export const receivedAt = signal(0);
/** What the last matrix that came was asked for: one can go back to it while nothing new comes. */
export const lastQuestion = signal<Pick<PageState, "series" | "range"> | null>(null);
/** A question is on its way that this picture does not answer. */
export const loading = signal(true);
/** Of the configuration that the last answer was made under. */
export const generation = signal("");
/** The present, to the second, for ages. */
export const now = signal(Date.now());

/** How far the daemon's clock is ahead of this one; 0 where that may be the time that an answer takes. */
export const ahead = signal(0);
/** The present by the daemon's clock, as the times of columns are. */
export const present = computed(() => now.value + ahead.value);

/** The chosen range has ended: nothing new can come into it. */
export const past = computed(() => range.value.kind === "span" && range.value.to < present.value);

/** The chosen range has not begun. */
export const future = computed(() => range.value.kind === "span" && range.value.from > present.value);

/** When the picture was made, by the daemon's clock. */
const madeAt = computed(() => matrix.value?.generatedAt || receivedAt.value + ahead.value);

/** The answer was new, and what it told was not: nodes have counted nothing since. */
export const lagging = computed(() => {
  const current = matrix.value;
  if (!current || past.value || future.value) return false;
  return !isCurrent(current, current.columns.length - 1, madeAt.value);
});

/**
 * Since when no column has the counts of all nodes, though all of them answer: one at least has stopped to count. Null
 * while the last that has them is of the present, and where something else is known to keep them apart.
 */
export const countedApartSince = computed(() => {
  const current = matrix.value;
  if (!current?.fanout?.complete || !current.columnNodes || isUnaligned(current)) return null;
  if (past.value || future.value || lagging.value || warns(current.fanout, "step_mismatch")) return null;
  const column = lastComplete(current);
  if (isCurrent(current, Math.max(column, 0), madeAt.value)) return null;
  return column < 0 ? current.columns[0] - spacingMs(current) : current.columns[column];
});

/** The cell under the pointer or the keyboard's cursor. */
export const cursor = signal<Cell | null>(null);

const found = computed(() => findRows(matrix.value?.rows ?? [], filter.value));
/** Rows that pass the filter, as indices into the matrix. */
export const shown = computed(() => found.value.rows);
/** They are only those that the key searched for would lie in. */
export const foundAround = computed(() => found.value.around && found.value.rows.length > 0);

export const extent = computed<Extent>(() => ({
  columns: matrix.value?.columns.length ?? 0,
  rows: shown.value.length,
}));

export const visible = computed<View>(() =>
  matrix.value ? toView(zoom.value, matrix.value, shown.value) : whole(extent.value),
);

export const zoomed = computed(() => !!(zoom.value.time || zoom.value.rows));
export const timeZoomed = computed(() => !!zoom.value.time);
/** What to ask for to have the columns in view and no others. It changes with every frame of a zoom: not to be followed. */
export function rangeInView(): Range | null {
  const current = matrix.peek();
  const { x0, x1 } = visible.peek();
  const [from, to] = cellsBetween(x0, x1, extent.peek().columns);
  return current && to > from ? rangeOf(current, from, to) : null;
}

export function setVisible(next: View): void {
  if (matrix.value) zoom.value = toZoom(next, matrix.value, shown.value);
}

export function resetZoom(): void {
  zoom.value = {};
}

export function showAllTime(): void {
  const { rows } = zoom.peek();
  zoom.value = rows ? { rows } : {};
}

/** What a cell of the rows shown counts, as exactly as a double can say. */
export function countAt(row: number, column: number): number {
  return matrix.value?.values[shown.value[row] * extent.value.columns + column] ?? 0;
}

/** The codes of the rows shown. */
export const codes = computed(() => {
  const current = matrix.value;
  if (!current || shown.value.length === current.rows.length) return current?.codes ?? new Uint16Array(0);
  const width = current.columns.length;
  const out = new Uint16Array(shown.value.length * width);
  shown.value.forEach((row, at) => void out.set(current.codes.subarray(row * width, (row + 1) * width), at * width));
  return out;
});

export const scale = computed(() => {
  // Counting the cells of each code is work that only one scale needs.
  const counts = scaleName.value === "quantile" ? cellsPerCode.value : NONE;
  return scaleOf(scaleName.value, topCode.value, counts, brightness.value);
});
const NONE = new Uint32Array(0);
const cellsPerCode = computed(() => histogram(matrix.value?.codes ?? new Uint16Array(0)));
const topCode = computed(() => codeOf(Number(maximum.value)));
export const colours = computed(() => lookup(rampName.value));

export const maximum = computed(() => matrix.value?.largest ?? 0);
/** What a cell's count is a count of: `writes per 1 min`. */
export const unit = computed(() => {
  if (!matrix.value) return "";
  const width = windowMs(matrix.value);
  const window = isUnaligned(matrix.value) ? "window of each node" : "window";
  return `${noun(matrix.value.series)} per ${width === null ? window : span(width)}`;
});

export const conflicts = computed<Block[]>(() =>
  matrix.value ? conflictBlocks(matrix.value.conflicts, matrix.value.columns.length, shown.value) : [],
);

/** Some columns are not in all nodes' answers. */
export const hasShortColumns = computed(() => !!matrix.value && shortColumns(matrix.value).length > 0);

/** Milliseconds that no node has windows of, between the first column and the last. */
export const missing = computed(() => (matrix.value ? missingMs(matrix.value) : 0));

/** The window that sums are made of: it follows `visible` once that has come to rest. Null before the first picture. */
export const settled = signal<View | null>(null);

export const stats = computed(() => {
  const current = matrix.value;
  if (!current || !settled.value) return null;
  const { x0, x1, y0, y1 } = settled.value;
  const [from, to] = cellsBetween(x0, x1, extent.value.columns);
  const [first, last] = cellsBetween(y0, y1, extent.value.rows);
  return windowStats(current, shown.value, first, last, { from, to });
});
export const hot = computed(() => (stats.value ? hottest(stats.value) : null));

/** The busiest of the rows in view, and of all there are. */
export const hottestNow = computed(() =>
  matrix.value && stats.value
    ? busiestNow(
        matrix.value,
        stats.value.rows.map(({ row }) => row),
      )
    : null,
);
export const hottestAnywhere = computed(() => matrix.value && busiestNow(matrix.value, matrix.value.rows.keys()));

/** The pinned cell's place, where the matrix has it; `row` is an index into the matrix. */
export const pinnedCell = computed(() => {
  const current = matrix.value;
  const cell = pinned.value;
  if (!current || !cell) return null;
  const row = current.rows.findIndex(({ id }) => id === cell.bucket);
  return row < 0 ? null : { row, column: current.columns.indexOf(cell.time), shown: shown.value.indexOf(row) };
});

export function pin(cell: Cell): void {
  const found = refOf(cell);
  if (found) pinned.value = found;
}

/** A cell by its bucket and time; null where there is none. */
function refOf({ row, column }: Cell): CellRef | null {
  const bucket = matrix.value?.rows[shown.value[row]]?.id;
  const time = matrix.value?.columns[column];
  return bucket !== undefined && time !== undefined ? { bucket, time } : null;
}

/** Takes back what hides rows or columns. */
export function showAll(): void {
  batch(() => {
    search("");
    resetZoom();
  });
}

/** Puts a newer matrix in place. */
export function replaceMatrix(fresh: Matrix): void {
  keepingCursor(() => {
    matrix.value = fresh;
  });
}

/** Shows the rows that a search names. */
export function search(text: string): void {
  keepingCursor(() => {
    filter.value = text;
  });
}

/** Over a change of what the rows and columns are the cursor stays on its cell, or goes where that has gone. */
function keepingCursor(change: () => void): void {
  batch(() => {
    const ref = cursor.value && refOf(cursor.value);
    change();
    const current = matrix.value;
    if (!ref || !current) return;
    const row = shown.value.findIndex((index) => current.rows[index].id === ref.bucket);
    const column = current.columns.indexOf(ref.time);
    cursor.value = row < 0 || column < 0 ? null : { row, column };
  });
}

export const pageState = computed<PageState>(() => ({
  view: view.value,
  series: series.value,
  range: range.value,
  zoom: zoom.value,
  filter: filter.value,
  scale: scaleName.value,
  brightness: brightness.value,
  ramp: rampName.value,
  cell: pinned.value,
}));

/** Shows what an address says, as when the reader goes back or pastes another. */
export function show(address: PageState): void {
  const state = reachingBack(address, Date.now());
  batch(() => {
    view.value = state.view;
    series.value = state.series;
    range.value = state.range;
    search(state.filter);
    scaleName.value = state.scale;
    brightness.value = state.brightness;
    rampName.value = state.ramp;
    pinned.value = state.cell;
    zoom.value = state.zoom;
  });
}
