/** Wheel, mouse, pen and fingers on the chart. */

import { cellAt, drawnFor } from "../picture/hit";
import { stepsFor } from "../picture/pool";
import { box, isWhole, pan, zoom } from "../picture/view";
import * as store from "../state/store";
import { chartLayout, size } from "./drawing";

/** Movement in pixels up to which a press is a click. */
const SLACK = 4;
/** Milliseconds within which two clicks are one double click, as far as pinning is concerned. */
const DOUBLE = 500;
/** Milliseconds after the last turn of the wheel until the cell under the pointer is told again. */
const REST = 150;

/** In pixels of the chart, or as shares of the plot. */
interface Point {
  x: number;
  y: number;
}

interface Press extends Point {
  /** It draws a box. */
  selects: boolean;
  moved: boolean;
}

/** Shows the box being drawn, in pixels of the chart, or takes it away. */
export type ShowBox = (box: { x: number; y: number; w: number; h: number } | null) => void;

/** @returns what ends it */
export function watchGestures(host: HTMLElement, showBox: ShowBox): () => void {
  const gestures = new Gestures(host, showBox);
  const ending = new AbortController();
  const { signal } = ending;
  host.addEventListener("pointerdown", (event) => gestures.down(event), { signal });
  host.addEventListener("pointermove", (event) => gestures.move(event), { signal });
  host.addEventListener("pointerup", (event) => gestures.up(event), { signal });
  host.addEventListener("pointercancel", (event) => gestures.up(event), { signal });
  host.addEventListener("pointerleave", (event) => gestures.leave(event), { signal });
  host.addEventListener("dblclick", (event) => gestures.reset(event), { signal });
  host.addEventListener("wheel", (event) => gestures.wheel(event), { signal, passive: false });
  document.addEventListener("pointerdown", (event) => gestures.elsewhere(event), { signal });
  return () => ending.abort();
}

class Gestures {
  private readonly fingers = new Map<number, Point>();
  private press: Press | null = null;
  /** What was pinned before the latest click, or before the pair of them. */
  private before = { pinned: store.pinned.peek(), at: Number.NEGATIVE_INFINITY };
  private resting = 0;

  constructor(
    private readonly host: HTMLElement,
    private readonly showBox: ShowBox,
  ) {}

  down(event: PointerEvent): void {
    const at = this.point(event);
    if (event.button !== 0) return;
    if (!inPlot(at)) {
      store.cursor.value = null;
      return;
    }
    this.host.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, at);
    // Where all is in view there is nowhere to pan to, so a mouse draws a box there without Shift, too.
    const nowhere = event.pointerType === "mouse" && isWhole(store.visible.peek(), store.extent.peek());
    this.press = { ...at, selects: event.shiftKey || nowhere, moved: false };
  }

  move(event: PointerEvent): void {
    const at = this.point(event);
    const before = this.fingers.get(event.pointerId);
    clearTimeout(this.resting);
    if (before && this.press) {
      if (this.fingers.size === 2) this.pinch(this.press, event.pointerId, before, at);
      else this.drag(this.press, before, at);
      this.fingers.set(event.pointerId, at);
    } else hover(at);
  }

  up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size > 0 || !this.press) return;
    const at = this.point(event);
    const { press } = this;
    this.press = null;
    this.showBox(null);
    if (event.type === "pointercancel") {
      store.cursor.value = null;
      return;
    }
    // A finger that has moved the picture points at nothing.
    if (!press.moved || event.pointerType !== "touch") hover(at);
    if (!press.moved) this.click();
    else if (press.selects) select(press, at);
  }

  /** A finger leaves whenever it is lifted: what it has touched is to be read then. */
  leave(event: PointerEvent): void {
    clearTimeout(this.resting);
    if (!this.press && event.pointerType !== "touch") store.cursor.value = null;
  }

  /** What a finger has touched stays told of until it touches something else. */
  elsewhere(event: PointerEvent): void {
    const within = event.target instanceof Node && this.host.contains(event.target);
    if (event.pointerType === "touch" && !within) store.cursor.value = null;
  }

  reset(event: MouseEvent): void {
    if (!inPlot(this.point(event))) return;
    // The two clicks were not meant for the cell under them.
    store.pinned.value = this.before.pinned;
    store.resetZoom();
  }

  wheel(event: WheelEvent): void {
    const before = store.visible.peek();
    const at = this.point(event);
    const after = turned(event, at);
    // At the end of the way the page scrolls on.
    if (after.x0 === before.x0 && after.x1 === before.x1 && after.y0 === before.y0 && after.y1 === before.y1) return;
    event.preventDefault();
    store.cursor.value = null;
    store.setVisible(after);
    // A tooltip that changes with every frame can't be read and costs more than the picture does.
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => hover(at), REST);
  }

  private drag(press: Press, before: Point, at: Point): void {
    if (!press.moved && Math.hypot(at.x - press.x, at.y - press.y) <= SLACK) return;
    press.moved = true;
    store.cursor.value = null;
    if (press.selects) {
      this.showBox(boxOf(press, at));
      return;
    }
    const [a, b] = [share(before), share(at)];
    store.setVisible(pan(store.visible.peek(), store.extent.peek(), a.x - b.x, a.y - b.y));
  }

  private pinch(press: Press, id: number, before: Point, at: Point): void {
    const [other] = [...this.fingers].filter(([finger]) => finger !== id).map(([, position]) => position);
    const factor = distance(at, other) / Math.max(distance(before, other), 1);
    const [from, to] = [share(middle(before, other)), share(middle(at, other))];
    press.moved = true;
    store.cursor.value = null;
    const panned = pan(store.visible.peek(), store.extent.peek(), from.x - to.x, from.y - to.y);
    store.setVisible(zoom(panned, store.extent.peek(), to.x, to.y, factor));
  }

  private click(): void {
    const now = performance.now();
    if (now - this.before.at >= DOUBLE) this.before = { pinned: store.pinned.peek(), at: now };
    const cell = store.cursor.peek();
    if (cell) store.pin(cell);
  }

  private point(event: MouseEvent): Point {
    const bounds = this.host.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }
}

/** What is in view after a turn of the wheel: sideways it pans, over an axis that axis alone is zoomed. */
function turned(event: WheelEvent, at: Point) {
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
  const { plot } = chartLayout.peek();
  const [view, extent] = [store.visible.peek(), store.extent.peek()];
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
    return pan(view, extent, ((event.deltaX || event.deltaY) * lines) / plot.w, 0);
  }
  const { x, y } = share(at);
  const factor = 2 ** (-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002));
  const overTimes = y < 0 || y > 1;
  const overKeys = !overTimes && (x < 0 || x > 1);
  return zoom(view, extent, x, y, overKeys ? 1 : factor, overTimes ? 1 : factor);
}

function select(from: Point, to: Point): void {
  const [a, b] = [share(from), share(to)];
  const limit = (value: number) => Math.min(Math.max(value, 0), 1);
  store.setVisible(box(store.visible.peek(), store.extent.peek(), limit(a.x), limit(a.y), limit(b.x), limit(b.y)));
}

/** Puts the cursor on the cell that the pixel at a place of the chart shows. */
function hover(at: Point): void {
  const [view, extent] = [store.visible.peek(), store.extent.peek()];
  const { plot } = chartLayout.peek();
  const { ratio } = size.peek();
  // A pixel has the colour of what lies at its middle.
  const middle = (place: number) => (Math.floor(place * ratio) + 0.5) / ratio;
  const { x, y } = share({ x: middle(at.x), y: middle(at.y) });
  const pointed = cellAt(view, extent, x, y);
  const cell = pointed && drawnFor(pointed, extent, stepsFor(view, plot.w * ratio, plot.h * ratio), store.countAt);
  const old = store.cursor.peek();
  if (cell?.row !== old?.row || cell?.column !== old?.column) store.cursor.value = cell;
}

function share({ x, y }: Point): Point {
  const { plot } = chartLayout.peek();
  return { x: (x - plot.x) / plot.w, y: (y - plot.y) / plot.h };
}

function inPlot(at: Point): boolean {
  const { x, y } = share(at);
  return x >= 0 && x < 1 && y >= 0 && y < 1;
}

/** The part of a box that lies in the plot. */
function boxOf(from: Point, to: Point) {
  const { plot } = chartLayout.peek();
  const within = (value: number, low: number, span: number) => Math.min(Math.max(value, low), low + span);
  const [ax, bx] = [from.x, to.x].map((x) => within(x, plot.x, plot.w));
  const [ay, by] = [from.y, to.y].map((y) => within(y, plot.y, plot.h));
  return { x: Math.min(ax, bx), y: Math.min(ay, by), w: Math.abs(ax - bx), h: Math.abs(ay - by) };
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);
const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
