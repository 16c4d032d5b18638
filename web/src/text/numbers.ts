/** Counts, bytes and spans of time as text. */

import { format } from "d3-format";
import type { Series } from "../data/matrix";
import { SATURATED } from "../data/matrix";

const short = format(".3~s");
const grouped = new Intl.NumberFormat("en");

/** Every digit; a sum that a double no longer holds is marked as near, a saturated count as a lower bound. */
export function full(value: number | bigint): string {
  if (typeof value === "bigint") return value >= SATURATED ? `≥ ${grouped.format(SATURATED)}` : grouped.format(value);
  if (value > Number.MAX_SAFE_INTEGER) return `≈ ${value.toPrecision(4).replace("e+", " × 10^")}`;
  return grouped.format(value);
}

/** Three digits, as on axes: `1.88k`, `12M`. */
export function brief(value: number): string {
  if (value < 1000) return String(Number(value.toPrecision(3)));
  if (value >= 1e24) return value.toExponential(1);
  return short(value).replace("G", "B");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
  const scaled = value / 1024 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toPrecision(3)} ${UNITS[power]}`;
}

export const isBytes = (series: Series) => series.endsWith("_bytes");

/** A count of a series in few characters, with its unit where it has one. */
export function amount(series: Series, value: number): string {
  return isBytes(series) ? bytes(value) : brief(value);
}

/** Of a count within that time; nothing where the time is not known. */
export function rate(series: Series, value: number | bigint, ms: number | null): string {
  if (ms === null) return "";
  const perSecond = Number(value) / (ms / 1000);
  const bound = value >= SATURATED ? "≥ " : "";
  return isBytes(series)
    ? `${bound}${bytes(perSecond)}/s`
    : `${bound}${perSecond >= 100 && perSecond < 1e9 ? grouped.format(Math.round(perSecond)) : brief(perSecond)}/s`;
}

const NOUNS: Record<Series, [one: string, many: string]> = {
  reads: ["read", "reads"],
  writes: ["write", "writes"],
  read_bytes: ["byte read", "bytes read"],
  write_bytes: ["byte written", "bytes written"],
};
export const noun = (series: Series) => NOUNS[series][1];

/** Every digit, and what was counted: `1 write`, `2 writes`. */
export function counted(series: Series, value: number | bigint): string {
  return `${full(value)} ${NOUNS[series][Number(value) === 1 ? 0 : 1]}`;
}

/** Milliseconds in the two largest units: `45 s`, `2 h 5 min`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  const pairs: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = pairs.findIndex(([count]) => count > 0);
  return pairs
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

export function plural(count: number, word: string): string {
  return `${grouped.format(count)} ${word}${count === 1 ? "" : "s"}`;
}
