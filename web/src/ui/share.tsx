/** Telling someone: a link, a picture, the numbers. */

import { signal } from "@preact/signals";
import type { Matrix } from "../data/matrix";
import * as store from "../state/store";
import type { PageState } from "../state/url";
import { rangeOf, write } from "../state/url";
import { csv } from "../text/csv";
import { fileMoment } from "../text/times";
import { IconButton } from "./parts";
import { pictureSheet } from "./sheet";

/** What came of the last copy, said for two seconds. */
const said = signal("");

export function Share() {
  const nothing = store.extent.value.columns === 0 || !store.matrix.value?.rows.length;
  return (
    <div class="group">
      <IconButton
        icon="link"
        label="Copy a link to exactly this"
        text={said.value || "Copy link"}
        onClick={() => void copyLink()}
      />
      <IconButton icon="down" label="Save the picture as PNG" text="PNG" onClick={savePicture} disabled={nothing} />
      <IconButton
        icon="down"
        label="Save the visible window as CSV"
        text="CSV"
        onClick={saveNumbers}
        disabled={nothing}
      />
    </div>
  );
}

export async function copyLink(): Promise<void> {
  const page = new URL(location.href);
  page.hash = write(fixed(store.pageState.peek(), store.matrix.peek()));
  said.value = (await copy(page.href)) ? "Copied" : "Copy failed";
  setTimeout(() => {
    said.value = "";
  }, 2000);
}

/** As it stands, however late it is opened: what is a range up to the present becomes the columns that are shown. */
function fixed(state: PageState, matrix: Matrix | null): PageState {
  if (state.range.kind === "span" || !matrix?.columns.length) return state;
  return { ...state, range: rangeOf(matrix, 0, matrix.columns.length) };
}

/** The clipboard is only there on https and loopback; beyond, the older way still works. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr-only";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function savePicture(): void {
  pictureSheet()?.toBlob((blob) => blob && save(blob, "png"));
}

function saveNumbers(): void {
  const { matrix, shown, stats } = store;
  if (!matrix.value || !stats.value) return;
  const rows = stats.value.rows.map((row) => shown.value[row.shown]);
  const { from, to } = stats.value.window;
  save(new Blob(csv(matrix.value, rows, from, to), { type: "text/csv" }), "csv");
}

function save(blob: Blob, extension: string): void {
  const matrix = store.matrix.peek();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `keyviz-${matrix?.series}-${fileMoment(matrix?.columns.at(-1) ?? Date.now())}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
