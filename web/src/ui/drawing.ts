/** Keeps the chart drawn: one frame for whatever has changed since the last, at most one per refresh of the screen. */

import { computed, effect, signal } from "@preact/signals";
import { CODES } from "../data/codes";
import type { Frame } from "../picture/chart";
import { drawChart, places } from "../picture/chart";
import { readInks } from "../picture/inks";
import { layout } from "../picture/layout";
import type { Source } from "../picture/tile";
import { Tile } from "../picture/tile";
import { clockZone, theme } from "../state/prefs";
import * as store from "../state/store";

/** Size of the chart's box in CSS pixels. */
export const size = signal({ width: 0, height: 0, ratio: 1 });
export const chartLayout = computed(() => layout(size.value.width, size.value.height));

/** Rises when the system's own theme changes. */
const systemTheme = signal(0);

const source = computed<Source>(() => ({ codes: store.codes.value, ...store.extent.value }));

const pixels = computed(() => {
  const { steps } = store.scale.value;
  const colours = store.colours.value;
  const out = new Uint32Array(CODES);
  for (let code = 0; code < CODES; code++) out[code] = colours[steps[code]];
  return out;
});

const inks = computed(() => {
  theme.value;
  systemTheme.value;
  return readInks(document.body);
});

/** All that a frame shows, or null as long as there is nothing to show. */
export const frame = computed<Frame | null>(() => {
  const matrix = store.matrix.value;
  if (!matrix || size.value.width === 0) return null;
  return {
    matrix,
    shown: store.shown.value,
    source: source.value,
    pixels: pixels.value,
    conflicts: store.conflicts.value,
    stats: store.stats.value,
    view: store.visible.value,
    utc: clockZone.value === "utc",
    inks: inks.value,
    layout: chartLayout.value,
    ratio: size.value.ratio,
  };
});

/** @returns what ends it */
export function keepDrawn(box: HTMLElement, canvas: HTMLCanvasElement, after: (frame: Frame) => void): () => void {
  const tile = new Tile();
  const context = canvas.getContext("2d");
  let request = 0;
  const draw = () => {
    request = 0;
    const current = frame.peek();
    if (!current || !context) return;
    const { width, height, ratio } = size.peek();
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== h) canvas.height = h;
    drawChart(context, tile, current);
    after(current);
    // For whoever measures; only the latest is kept.
    performance.clearMarks("keyviz-frame");
    performance.mark("keyviz-frame");
    // The first picture does not wait for its sums.
    if (!store.settled.peek()) {
      setTimeout(() => {
        store.settled.value = store.visible.peek();
      });
    }
  };
  const measure = () => {
    const { clientWidth: width, clientHeight: height } = box;
    const ratio = window.devicePixelRatio || 1;
    const old = size.peek();
    if (width !== old.width || height !== old.height || ratio !== old.ratio) size.value = { width, height, ratio };
  };
  // The first picture waits neither for the observer nor for another frame.
  measure();
  draw();
  const observer = new ResizeObserver(measure);
  observer.observe(box);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const onTheme = () => void systemTheme.value++;
  dark.addEventListener("change", onTheme);
  const stop = effect(() => {
    if (frame.value && request === 0) request = requestAnimationFrame(draw);
  });
  return () => {
    stop();
    cancelAnimationFrame(request);
    observer.disconnect();
    dark.removeEventListener("change", onTheme);
  };
}

/**
 * Sums follow the view once it has been still for a moment: adding up every cell has no place in a frame. Of other rows
 * or columns they are made at once, since the view that they were made of meant those before.
 */
export function keepSettled(): () => void {
  let timer = 0;
  let rows = store.shown.peek();
  return effect(() => {
    const view = store.visible.value;
    const others = rows !== store.shown.value;
    rows = store.shown.value;
    clearTimeout(timer);
    if (!store.settled.peek()) return;
    if (others) {
      store.settled.value = view;
      return;
    }
    timer = window.setTimeout(() => {
      store.settled.value = view;
    }, 120);
  });
}

/** Puts an element over a block of cells, cut to the plot; hides it where no part of the block is in view. */
export function placeOver(
  element: HTMLElement,
  current: Frame,
  row: number,
  rowEnd: number,
  column: number,
  columnEnd: number,
): void {
  const { plot } = current.layout;
  const { x, y } = places(current);
  const left = Math.max(x(column), plot.x);
  const right = Math.min(x(columnEnd), plot.x + plot.w);
  const top = Math.max(y(row), plot.y);
  const bottom = Math.min(y(rowEnd), plot.y + plot.h);
  element.hidden = right <= left || bottom <= top;
  element.style.transform = `translate(${left}px, ${top}px)`;
  element.style.width = `${Math.max(right - left, 2)}px`;
  element.style.height = `${Math.max(bottom - top, 2)}px`;
}
