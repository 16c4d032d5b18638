/** Labels of the two axes. */

import { shorten, startText } from "../text/keys";
import { ticks } from "../text/times";
import type { Frame } from "./chart";
import { places, stepOf } from "./chart";
import { placeOfTime, timeAt } from "./view";

const SIZE = 11;

export function drawTimes(into: CanvasRenderingContext2D, frame: Frame): void {
  const { matrix, view, inks, utc } = frame;
  const { times } = frame.layout;
  if (matrix.columns.length === 0) return;
  const { x } = places(frame);
  const step = stepOf(frame);
  const from = timeAt(matrix.columns, step, view.x0);
  const to = timeAt(matrix.columns, step, view.x1);
  into.textBaseline = "top";
  into.textAlign = "center";
  let free = times.x - 20;
  for (const tick of ticks(from, to, times.w / 100, utc)) {
    const at = x(placeOfTime(matrix.columns, step, tick.at));
    into.font = `${tick.major ? 600 : 400} ${SIZE}px ${inks.font}`;
    const half = into.measureText(tick.text).width / 2;
    if (at - half < free || at + half > times.x + times.w + 30) continue;
    free = at + half + 16;
    into.fillStyle = inks.line;
    into.fillRect(Math.round(at), times.y, 1, 5);
    into.fillStyle = tick.major ? inks.text : inks.muted;
    into.fillText(tick.text, at, times.y + 9);
  }
}

/** Start keys of as many rows as have room, evenly spaced; the hottest in view always has its own. */
export function drawKeys(into: CanvasRenderingContext2D, frame: Frame): void {
  const { matrix, shown, view, inks } = frame;
  const { keys, plot } = frame.layout;
  const { y, down } = places(frame);
  into.textBaseline = "middle";
  into.textAlign = "right";
  into.font = `${SIZE}px ${inks.font}`;
  const length = Math.floor(keys.w / 6.2);
  const every = Math.max(1, 2 ** Math.ceil(Math.log2(20 / down)));
  const first = Math.max(Math.floor(view.y0 / every) * every, 0);
  for (let row = first; row < Math.min(view.y1, shown.length); row += every) {
    const top = y(row);
    const at = every === 1 ? top + down / 2 : top + Math.min(SIZE / 2, down / 2);
    if (at < plot.y || at > plot.y + plot.h - 4) continue;
    into.fillStyle = inks.line;
    if (top >= plot.y - 0.5) into.fillRect(plot.x - 5, Math.round(top), 5, 1);
    into.fillStyle = inks.muted;
    into.fillText(shorten(startText(matrix.rows[shown[row]]), length), keys.x + keys.w, at);
  }
}
