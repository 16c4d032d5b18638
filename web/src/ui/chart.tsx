/** The heat map with what lies over it: cursor, pinned cell, box and tooltip. */

import { computed, effect, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Frame } from "../picture/chart";
import { places } from "../picture/chart";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { cellFacts, spoken } from "../text/cell";
import { Facts } from "./cell";
import { frame, keepDrawn, keepSettled, placeOver } from "./drawing";
import { watchGestures } from "./gestures";
import { chartKey } from "./shortcuts";

const cursorFacts = computed(() => {
  const matrix = store.matrix.value;
  const cell = store.cursor.value;
  if (!matrix || !cell || cell.row >= store.shown.value.length || cell.column >= matrix.columns.length) return null;
  return cellFacts(matrix, store.shown.value[cell.row], cell.column, clockZone.value === "utc");
});

export function Chart() {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef<HTMLDivElement>(null);
  const cursor = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (!host.current || !canvas.current) return;
    const place = (current: Frame) => {
      placePinned(pinned.current, current);
      placeCursor(cursor.current, current);
    };
    const stops = [
      keepDrawn(host.current, canvas.current, place),
      keepSettled(),
      watchGestures(host.current, (drawn) => showBox(box.current, drawn)),
      effect(() => {
        store.cursor.value;
        store.pinnedCell.value;
        const current = frame.peek();
        if (current) place(current);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);

  return (
    <div
      class={`chart ${store.zoomed.value ? "chart-zoomed" : ""}`}
      ref={host}
      tabIndex={0}
      role="application"
      aria-roledescription="heat map"
      aria-label="Heat map of traffic, key ranges from top to bottom and time from left to right. Arrow keys move the cell cursor, Enter pins a cell. The table of hottest rows below has the same numbers."
      onKeyDown={chartKey}
    >
      <canvas ref={canvas} />
      <div class="over over-pinned" ref={pinned} hidden />
      <div class="over over-cursor" ref={cursor} hidden />
      <div class="over over-box" ref={box} hidden />
      <Tooltip />
      <Spoken />
    </div>
  );
}

/** The cursor's cell for a screen reader. */
function Spoken() {
  return (
    <p class="sr-only" aria-live="polite">
      {cursorFacts.value && spoken(cursorFacts.value)}
    </p>
  );
}

function showBox(element: HTMLElement | null, drawn: { x: number; y: number; w: number; h: number } | null): void {
  if (!element) return;
  element.hidden = !drawn;
  if (!drawn) return;
  element.style.transform = `translate(${drawn.x}px, ${drawn.y}px)`;
  element.style.width = `${drawn.w}px`;
  element.style.height = `${drawn.h}px`;
}

function placePinned(element: HTMLElement | null, current: Frame): void {
  if (!element) return;
  const cell = store.pinnedCell.peek();
  if (!cell || cell.shown < 0) element.hidden = true;
  else if (cell.column < 0) placeOver(element, current, cell.shown, cell.shown + 1, 0, current.matrix.columns.length);
  else placeOver(element, current, cell.shown, cell.shown + 1, cell.column, cell.column + 1);
}

function placeCursor(element: HTMLElement | null, current: Frame): void {
  if (!element) return;
  const cell = store.cursor.peek();
  if (!cell) element.hidden = true;
  else placeOver(element, current, cell.row, cell.row + 1, cell.column, cell.column + 1);
}

/**
 * Beside the cell, on the side that has more room. The style sheet's arithmetic knows the tooltip's own size (100%):
 * to ask for it here would lay the page out anew at every cell.
 */
function Tooltip() {
  const element = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const cell = store.cursor.value;
    const current = frame.value;
    if (!cell || !current || !element.current) return;
    const { x, y, across, down } = places(current);
    const { plot, profile } = current.layout;
    const whole = profile.x + profile.w;
    const left = Math.round(x(cell.column)) - 12;
    const right = Math.round(x(cell.column) + Math.max(across, 2)) + 12;
    const middle = Math.round(y(cell.row) + down / 2);
    const sideways = left + right > whole ? `max(0px, ${left}px - 100%)` : `min(${right}px, ${whole}px - 100%)`;
    element.current.style.translate = `${sideways} clamp(0px, ${middle}px - 50%, ${plot.y + plot.h}px - 100%)`;
  });
  const facts = cursorFacts.value;
  return (
    <div class="tooltip" ref={element} hidden={!facts} aria-hidden="true">
      {facts && <Facts facts={facts} />}
    </div>
  );
}
