/** The keyboard. */

import { signal } from "@preact/signals";
import { pan, reveal, zoom } from "../picture/view";
import * as store from "../state/store";

export const helpOpen = signal(false);

/** What the list of shortcuts shows. */
export const SHORTCUTS: [keys: string, what: string][] = [
  ["← ↑ → ↓", "move the cell cursor (with Shift: by ten)"],
  ["Home, End", "move it to the oldest, the newest window"],
  ["Enter", "pin the cell under the cursor"],
  ["+ −", "zoom in, out"],
  ["0", "show all"],
  ["Alt + arrows", "move the picture"],
  ["/", "search keys, buckets and labels"],
  ["Esc", "unpin, clear the search, or close"],
  ["?", "this list"],
];

const ARROWS: Record<string, [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Keys of the focused chart. */
export function chartKey(event: KeyboardEvent): void {
  const arrow = ARROWS[event.key];
  const { extent, visible } = store;
  if (event.ctrlKey || event.metaKey || extent.value.rows === 0) return;
  if (arrow && event.altKey) store.setVisible(pan(visible.value, extent.value, arrow[0] / 8, arrow[1] / 8));
  else if (arrow) moveCursor(arrow[0] * (event.shiftKey ? 10 : 1), arrow[1] * (event.shiftKey ? 10 : 1));
  else if (event.key === "Home") moveCursor(Number.NEGATIVE_INFINITY, 0);
  else if (event.key === "End") moveCursor(Number.POSITIVE_INFINITY, 0);
  else if (event.key === "Enter" && store.cursor.value) store.pin(store.cursor.value);
  else return;
  event.preventDefault();
}

/** The cursor begins at the pinned cell, else at the hottest row's peak: there with its first step, unless that is far. */
function moveCursor(dx: number, dy: number): void {
  const { columns, rows } = store.extent.value;
  const old = store.cursor.value;
  const limit = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  const pinned = store.pinnedCell.value;
  const hot = store.hot.value;
  const begin =
    pinned && pinned.shown >= 0 && pinned.column >= 0
      ? { row: pinned.shown, column: pinned.column }
      : { row: hot?.shown ?? 0, column: hot?.peakColumn ?? columns - 1 };
  const from = old ?? begin;
  const moves = old !== null || !Number.isFinite(dx);
  const next = moves ? { row: limit(from.row + dy, rows), column: limit(from.column + dx, columns) } : begin;
  store.cursor.value = next;
  store.setVisible(reveal(store.visible.value, store.extent.value, next.row, next.column));
}

function zoomBy(factor: number): void {
  const { x0, x1, y0, y1 } = store.visible.value;
  const at = store.cursor.value;
  const fx = at ? (at.column + 0.5 - x0) / (x1 - x0) : 0.5;
  const fy = at ? (at.row + 0.5 - y0) / (y1 - y0) : 0.5;
  store.setVisible(zoom(store.visible.value, store.extent.value, fx, fy, factor));
}
export const zoomIn = () => zoomBy(1.6);
export const zoomOut = () => zoomBy(1 / 1.6);

/** Keys that work anywhere but in a field. @returns what ends it */
export function watchShortcuts(search: () => HTMLInputElement | null): () => void {
  const press = (event: KeyboardEvent) => {
    const typing = (event.target as Element).closest("input:not([type=radio],[type=range]), select, textarea, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = ACTIONS[event.key];
    if (event.key === "/") search()?.focus();
    else if (!act?.()) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}

/** Each says whether it had something to do. */
const ACTIONS: Record<string, () => boolean> = {
  "+": onMap(zoomIn),
  "=": onMap(zoomIn),
  "-": onMap(zoomOut),
  "0": onMap(store.resetZoom),
  "?": () => {
    helpOpen.value = true;
    return true;
  },
  Escape: () => {
    if (store.view.value !== "map") return false;
    if (store.cursor.value) store.cursor.value = null;
    else if (store.pinned.value) store.pinned.value = null;
    else if (store.filter.value) store.search("");
    else return false;
    return true;
  },
};

function onMap(act: () => void): () => boolean {
  return () => {
    if (store.view.value !== "map") return false;
    act();
    return true;
  };
}
