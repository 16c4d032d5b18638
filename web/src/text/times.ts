/** Times as text, local or UTC, and where an axis of time has its marks. */

import { timeDay, timeTicks, utcDay, utcTicks } from "d3-time";
import { timeFormat, utcFormat } from "d3-time-format";
import type { Matrix } from "../data/matrix";
import { windowMs } from "../data/matrix";

type Write = (time: Date) => string;
type Writers = Record<keyof typeof PATTERNS, Write>;

const PATTERNS = {
  fraction: "%H:%M:%S.%L",
  second: "%H:%M:%S",
  minute: "%H:%M",
  day: "%b %-d",
  dated: "%b %-d %H:%M:%S",
  whole: "%Y-%m-%d %H:%M:%S",
  file: "%Y%m%dT%H%M%S",
};

function writers(format: (pattern: string) => Write): Writers {
  return Object.fromEntries(Object.entries(PATTERNS).map(([name, pattern]) => [name, format(pattern)])) as Writers;
}

const local = writers(timeFormat);
const universal = writers(utcFormat);
const of = (utc: boolean) => (utc ? universal : local);

const clock = (ms: number, utc: boolean) => of(utc).second(new Date(ms));
export const moment = (ms: number, utc: boolean) => of(utc).whole(new Date(ms));
export const fileMoment = (ms: number) => `${universal.file(new Date(ms))}Z`;

/** What a time is told in: `UTC`, or the offset from it that the reader's clock has at that time, be it summer or winter. */
export function zone(utc: boolean, ms: number): string {
  const minutes = utc ? 0 : -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

/** A point in time and its zone. */
export const zoned = (ms: number, utc: boolean) => `${moment(ms, utc)} ${zone(utc, ms)}`;

/** A stretch of time and its zone; the date is said once where both ends have the same, and so is the zone. */
export function between(from: number, to: number, utc: boolean): string {
  const [a, b] = [moment(from, utc), moment(to, utc)];
  const [before, after] = [zone(utc, from), zone(utc, to)];
  if (before !== after) return `${a} ${before} – ${b} ${after}`;
  return `${a} – ${a.slice(0, 10) === b.slice(0, 10) ? b.slice(11) : b} ${after}`;
}

/** One of times that ascend, as short as it may be: with its day where they are of several, and so with its zone. */
export function timeAmong(times: ArrayLike<number>, ms: number, utc: boolean): string {
  const [first, last] = [times[0], times[times.length - 1]];
  const isOneDay = moment(first, utc).slice(0, 10) === moment(last, utc).slice(0, 10);
  const text = isOneDay ? clock(ms, utc) : of(utc).dated(new Date(ms));
  return zone(utc, first) === zone(utc, last) ? text : `${text} ${zone(utc, ms)}`;
}

/** What the columns from `first` to `last`, both included, have counted. Where windows begin is not always known. */
export function windowText(matrix: Matrix, first: number, last: number, utc: boolean): string {
  const { columns } = matrix;
  const width = windowMs(matrix);
  if (width !== null) return between(columns[first] - width, columns[last], utc);
  return first === last
    ? `up to ${zoned(columns[last], utc)}`
    : `windows that ended ${between(columns[first], columns[last], utc)}`;
}

export interface Tick {
  at: number;
  text: string;
  /** A day begins here. */
  major: boolean;
}

/** About `count` round times from `from` to `to`. */
export function ticks(from: number, to: number, count: number, utc: boolean): Tick[] {
  const times = (utc ? utcTicks : timeTicks)(new Date(from), new Date(to), Math.max(count, 1));
  const day = utc ? utcDay : timeDay;
  const write = of(utc);
  const off = (unit: number) => times.some((time) => time.getTime() % unit !== 0);
  const fine = off(1000) ? write.fraction : off(60_000) ? write.second : write.minute;
  return times.map((time) => {
    const major = day.floor(time).getTime() === time.getTime();
    return { at: time.getTime(), text: (major ? write.day : fine)(time), major };
  });
}
