/** Wheel, mouse, pen and fingers on the chart. */

import { box, cellAt, isWhole, pan, zoom } from "../picture/view";
import * as store from "../state/store";
import { chartLayout } from "./drawing";

/** Movement in pixels up to which a press is a click. */
const SLACK = 4;
/** Milliseconds within which two clicks are one double click, as far as pinning is concerned. */
const DOUBLE = 500;

interface Point {
  x: number;
  y: number;
}

/** Shows the box being drawn, in pixels of the chart, or takes it away. */
export type ShowBox = (box: { x: number; y: number; w: number; h: number } | null) => void;

/** @returns what ends it */
export function watchGestures(host: HTMLElement, showBox: ShowBox): () => void {
  const fingers = new Map<number, Point>();
  /** What was pinned before the latest click, or before the pair of them. */
  let before = { pinned: store.pinned.peek(), at: Number.NEGATIVE_INFINITY };
  let start: (Point & { selects: boolean; moved: boolean }) | null = null;

  let resting = 0;

  const point = (event: MouseEvent): Point => {
    const bounds = host.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  const share = ({ x, y }: Point): Point => {
    const { plot } = chartLayout.peek();
    return { x: (x - plot.x) / plot.w, y: (y - plot.y) / plot.h };
  };
  const hover = (at: Point) => {
    const { x, y } = share(at);
    const cell = cellAt(store.visible.peek(), store.extent.peek(), x, y);
    const old = store.cursor.peek();
    if (cell?.row !== old?.row || cell?.column !== old?.column) store.cursor.value = cell;
  };
  const inPlot = (at: Point) => {
    const { x, y } = share(at);
    return x >= 0 && x < 1 && y >= 0 && y < 1;
  };

  const down = (event: PointerEvent) => {
    const at = point(event);
    if (event.button !== 0 || !inPlot(at)) return;
    host.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at);
    // Where all is in view there is nowhere to pan to, so a mouse draws a box there without Shift, too.
    const nowhere = event.pointerType === "mouse" && isWhole(store.visible.peek(), store.extent.peek());
    start = { ...at, selects: event.shiftKey || nowhere, moved: false };
  };

  const move = (event: PointerEvent) => {
    const at = point(event);
    const before = fingers.get(event.pointerId);
    clearTimeout(resting);
    if (!before || !start) return hover(at);
    if (fingers.size === 2) pinch(event.pointerId, at);
    else if (start.moved || Math.hypot(at.x - start.x, at.y - start.y) > SLACK) {
      start.moved = true;
      store.cursor.value = null;
      if (start.selects) showBox(boxOf(start, at));
      else drag(before, at);
    }
    fingers.set(event.pointerId, at);
  };

  const drag = (before: Point, at: Point) => {
    const [a, b] = [share(before), share(at)];
    store.setVisible(pan(store.visible.peek(), store.extent.peek(), a.x - b.x, a.y - b.y));
  };

  const pinch = (id: number, at: Point) => {
    const [other] = [...fingers].filter(([finger]) => finger !== id).map(([, position]) => position);
    const before = fingers.get(id) ?? at;
    const factor = distance(at, other) / Math.max(distance(before, other), 1);
    const [from, to] = [share(middle(before, other)), share(middle(at, other))];
    if (start) start.moved = true;
    const panned = pan(store.visible.peek(), store.extent.peek(), from.x - to.x, from.y - to.y);
    store.setVisible(zoom(panned, store.extent.peek(), to.x, to.y, factor));
  };

  const up = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    if (fingers.size > 0 || !start) return;
    const at = point(event);
    const from = start;
    start = null;
    showBox(null);
    if (event.type === "pointercancel") return;
    hover(at);
    if (!from.moved) {
      const cell = store.cursor.peek();
      before = performance.now() - before.at < DOUBLE ? before : { pinned: store.pinned.peek(), at: performance.now() };
      if (cell) store.pin(cell);
    } else if (from.selects) {
      const [a, b] = [share(from), share(at)];
      const limit = (value: number) => Math.min(Math.max(value, 0), 1);
      store.setVisible(box(store.visible.peek(), store.extent.peek(), limit(a.x), limit(a.y), limit(b.x), limit(b.y)));
    }
  };

  const boxOf = (from: Point, to: Point) => {
    const { plot } = chartLayout.peek();
    const within = (value: number, low: number, span: number) => Math.min(Math.max(value, low), low + span);
    const [ax, bx] = [from.x, to.x].map((x) => within(x, plot.x, plot.w));
    const [ay, by] = [from.y, to.y].map((y) => within(y, plot.y, plot.h));
    return { x: Math.min(ax, bx), y: Math.min(ay, by), w: Math.abs(ax - bx), h: Math.abs(ay - by) };
  };

  const wheel = (event: WheelEvent) => {
    const before = store.visible.peek();
    const at = point(event);
    const { x, y } = share(at);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
    const { plot } = chartLayout.peek();
    let after = before;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      const sideways = (event.deltaX || event.deltaY) * lines;
      after = pan(before, store.extent.peek(), sideways / plot.w, 0);
    } else {
      // Over an axis that axis alone is zoomed.
      const factor = 2 ** (-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002));
      after = zoom(
        before,
        store.extent.peek(),
        x,
        y,
        y > 1 || y < 0 ? factor : x < 0 || x > 1 ? 1 : factor,
        y > 1 || y < 0 ? 1 : factor,
      );
    }
    // At the end of the way the page scrolls on.
    if (after.x0 === before.x0 && after.x1 === before.x1 && after.y0 === before.y0 && after.y1 === before.y1) return;
    event.preventDefault();
    store.cursor.value = null;
    store.setVisible(after);
    // A tooltip that changes with every frame can't be read and costs more than the picture does.
    clearTimeout(resting);
    resting = window.setTimeout(() => hover(at), 150);
  };

  const leave = () => {
    clearTimeout(resting);
    if (!start) store.cursor.value = null;
  };
  const reset = (event: MouseEvent) => {
    if (!inPlot(point(event))) return;
    // The two clicks were not meant for the cell under them.
    store.pinned.value = before.pinned;
    store.resetZoom();
  };

  const ending = new AbortController();
  const { signal } = ending;
  host.addEventListener("pointerdown", down, { signal });
  host.addEventListener("pointermove", move, { signal });
  host.addEventListener("pointerup", up, { signal });
  host.addEventListener("pointercancel", up, { signal });
  host.addEventListener("pointerleave", leave, { signal });
  host.addEventListener("dblclick", reset, { signal });
  host.addEventListener("wheel", wheel, { signal, passive: false });
  return () => ending.abort();
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);
const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
