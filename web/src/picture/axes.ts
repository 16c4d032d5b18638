/** Labels of the two axes. */

import { hottest } from "../data/stats";
import { shorten, startText } from "../text/keys";
import { ticks } from "../text/times";
import type { Frame } from "./chart";
import { places, spacingOf } from "./chart";
import { placeOfTime, timeAt } from "./view";

export function drawTimes(into: CanvasRenderingContext2D, frame: Frame): void {
  const { matrix, view, inks, utc } = frame;
  const { text, times } = frame.layout;
  if (matrix.columns.length === 0) return;
  const { x } = places(frame);
  const step = spacingOf(frame);
  const from = timeAt(matrix.columns, step, view.x0);
  const to = timeAt(matrix.columns, step, view.x1);
  into.textBaseline = "top";
  into.textAlign = "center";
  const taken: [number, number][] = [];
  // The beginning of a day is worth more than a minute of it, so it takes its place first.
  const marks = ticks(from, to, times.w / (text * 8), utc).sort((a, b) => Number(b.major) - Number(a.major));
  for (const tick of marks) {
    const at = x(placeOfTime(matrix.columns, step, tick.at));
    into.font = `${tick.major ? 600 : 400} ${text}px ${inks.font}`;
    const half = into.measureText(tick.text).width / 2;
    const [left, right] = [at - half - 8, at + half + 8];
    if (left < times.x - 30 || right > times.x + times.w + 30 || taken.some(([a, b]) => left < b && right > a))
      continue;
    taken.push([left, right]);
    into.fillStyle = inks.line;
    into.fillRect(Math.round(at), times.y, 1, 5);
    into.fillStyle = tick.major ? inks.text : inks.muted;
    into.fillText(tick.text, at, times.y + 9);
  }
}

/** Start keys of as many rows as have room, evenly spaced; the hottest in view always has its own. */
export function drawKeys(into: CanvasRenderingContext2D, frame: Frame): void {
  const { shown, view, inks, stats } = frame;
  const { plot, text } = frame.layout;
  const { y, down } = places(frame);
  into.textBaseline = "middle";
  into.textAlign = "right";
  const every = Math.max(1, 2 ** Math.ceil(Math.log2((text * 1.8) / down)));
  const middle = (row: number) => (down >= text ? y(row) + down / 2 : y(row) + Math.min(text / 2, down / 2));
  const inside = (at: number) => at >= plot.y && at <= plot.y + plot.h - 4;
  const hot = stats ? hottest(stats) : null;
  const hotAt = hot ? middle(hot.shown) : Number.NEGATIVE_INFINITY;
  into.font = `400 ${text}px ${inks.font}`;
  for (
    let row = Math.max(Math.floor(view.y0 / every) * every, 0);
    row < Math.min(view.y1, shown.length);
    row += every
  ) {
    if (!inside(middle(row)) || Math.abs(middle(row) - hotAt) < text + 4) continue;
    into.fillStyle = inks.line;
    into.fillRect(plot.x - 5, Math.round(down >= text ? middle(row) : Math.max(y(row), plot.y)), 5, 1);
    into.fillStyle = inks.muted;
    drawKey(into, frame, shown[row], middle(row));
  }
  if (!hot || !inside(hotAt)) return;
  into.fillStyle = inks["bar-hot"];
  into.fillRect(plot.x - 5, Math.round(hotAt) - 1, 5, 2);
  into.font = `600 ${text}px ${inks.font}`;
  drawKey(into, frame, hot.row, hotAt);
}

function drawKey(into: CanvasRenderingContext2D, frame: Frame, row: number, at: number): void {
  const { keys, text } = frame.layout;
  const key = shorten(startText(frame.matrix.rows[row]), Math.floor(keys.w / (text * 0.58)));
  into.fillText(key, keys.x + keys.w, at, keys.w);
}
