/**
 * What the page shows, as its address says it. It stands behind the `#`, so that keys reach no server's log.
 * Times and buckets, not positions: a link shows the same when columns have come and gone.
 */

import type { Matrix, Series } from "../data/matrix";
import { SERIES, spacingMs } from "../data/matrix";
import type { RampName } from "../picture/ramps";
import { RAMPS } from "../picture/ramps";
import type { ScaleName } from "../picture/scale";
import { SCALES } from "../picture/scale";
import { timeAt } from "../picture/view";
import type { Edge, Zoom } from "../picture/zoomref";

/** Ends of windows, half-open, as the daemon is asked for them. */
interface Span {
  kind: "span";
  from: number;
  to: number;
}

export type Range = { kind: "all" } | { kind: "last"; ms: number } | Span;

/** What to ask for to have the windows between two points in time. A window is named after its end. */
export const rangeBetween = (from: number, to: number): Span => ({ kind: "span", from: from + 1, to: to + 1 });

/** The points in time between which the windows of a range lie. */
export const timesOf = ({ from, to }: Span): [from: number, to: number] => [from - 1, to - 1];

/** What to ask for to have the columns from `first` to before `end`. */
export function rangeOf(matrix: Matrix, first: number, end: number): Span {
  const { columns } = matrix;
  return rangeBetween(timeAt(columns, spacingMs(matrix), first), columns[end - 1]);
}

export interface CellRef {
  bucket: string;
  /** End of the window, Unix milliseconds. */
  time: number;
}

export interface PageState {
  view: "map" | "config";
  series: Series;
  range: Range;
  zoom: Zoom;
  filter: string;
  scale: ScaleName;
  brightness: number;
  ramp: RampName;
  cell: CellRef | null;
}

export const DEFAULTS: PageState = {
  view: "map",
  series: "writes",
  range: { kind: "last", ms: 3_600_000 },
  zoom: {},
  filter: "",
  scale: "log",
  brightness: 0,
  ramp: "inferno",
  cell: null,
};

const NAMED: [string, number][] = [
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["6h", 21_600_000],
  ["24h", 86_400_000],
];

export function write(state: PageState): string {
  const out = new URLSearchParams();
  const put = (name: string, value: string, usual: string) => {
    if (value !== usual) out.set(name, value);
  };
  put("view", state.view, DEFAULTS.view);
  put("series", state.series, DEFAULTS.series);
  put("range", rangeText(state.range), "1h");
  if (state.zoom.time) out.set("time", state.zoom.time.map(Math.round).join("-"));
  if (state.zoom.rows) {
    out.set("first", edgeText(state.zoom.rows[0]));
    out.set("last", edgeText(state.zoom.rows[1]));
  }
  put("filter", state.filter, "");
  put("scale", state.scale, DEFAULTS.scale);
  put("brightness", String(state.brightness), "0");
  put("colours", state.ramp, DEFAULTS.ramp);
  if (state.cell) out.set("cell", `${state.cell.time}@${state.cell.bucket}`);
  return out.toString();
}

/** What can't be understood is as if it were not there. */
export function read(text: string): PageState {
  const from = new URLSearchParams(text.replace(/^#/, ""));
  const one = <T extends string>(name: string, among: readonly T[], usual: T): T =>
    among.find((value) => value === from.get(name)) ?? usual;
  const brightness = Number(from.get("brightness"));
  return {
    view: one("view", ["map", "config"] as const, DEFAULTS.view),
    series: one("series", SERIES, DEFAULTS.series),
    range: readRange(from.get("range")),
    zoom: readZoom(from),
    filter: from.get("filter") ?? "",
    scale: one("scale", SCALES, DEFAULTS.scale),
    brightness: brightness >= -1 && brightness <= 1 ? brightness : 0,
    ramp: one("colours", RAMPS, DEFAULTS.ramp),
    cell: readCell(from.get("cell")),
  };
}

/**
 * A range up to the present that has none of what is zoomed to or pinned any more becomes one of the same length around
 * that: an address that was kept for hours still shows what it was kept for. Where some of it is left the range follows
 * the present, as it does on a page that was left open.
 */
export function reachingBack(state: PageState, now: number): PageState {
  const { range, zoom, cell } = state;
  const times = [...(zoom.time ?? []), ...(cell ? [cell.time] : [])];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  if (range.kind !== "last" || last > now - range.ms || times.length === 0) return state;
  const spare = Math.max(range.ms - (last - first), 0) / 2;
  const to = Math.min(last + spare + 1, now);
  return { ...state, range: { kind: "span", from: Math.max(Math.min(first - spare, to - range.ms), 0), to } };
}

export function rangeText(range: Range): string {
  if (range.kind === "all") return "all";
  if (range.kind === "span") return `${Math.round(range.from)}-${Math.round(range.to)}`;
  return NAMED.find(([, ms]) => ms === range.ms)?.[0] ?? `${Math.round(range.ms / 1000)}s`;
}

export function readRange(text: string | null): Range {
  if (text === "all") return { kind: "all" };
  const named = NAMED.find(([name]) => name === text);
  if (named) return { kind: "last", ms: named[1] };
  const seconds = /^(\d{1,8})s$/.exec(text ?? "");
  if (seconds && Number(seconds[1]) > 0) return { kind: "last", ms: Number(seconds[1]) * 1000 };
  const pair = readPair(text);
  return pair ? { kind: "span", from: pair[0], to: pair[1] } : DEFAULTS.range;
}

function readZoom(from: URLSearchParams): Zoom {
  const time = readPair(from.get("time"));
  const [first, last] = [readEdge(from.get("first")), readEdge(from.get("last"))];
  return { ...(time && { time }), ...(first && last && { rows: [first, last] as [Edge, Edge] }) };
}

const edgeText = ({ bucket, share }: Edge) => `${Number(share.toFixed(3))}@${bucket}`;

function readEdge(text: string | null): Edge | null {
  const found = /^(\d(?:\.\d{1,3})?)@(.+)$/s.exec(text ?? "");
  return found && { share: Math.min(Number(found[1]), 1), bucket: found[2] };
}

function readPair(text: string | null): [number, number] | null {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(text ?? "");
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return from < to ? [from, to] : null;
}

function readCell(text: string | null): CellRef | null {
  const found = /^(\d{1,15})@(.+)$/s.exec(text ?? "");
  return found && { time: Number(found[1]), bucket: found[2] };
}
