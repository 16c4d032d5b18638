/** Two points in time, in the zone that the page shows. */

import { useEffect, useRef, useState } from "preact/hooks";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import type { Range } from "../state/url";
import { rangeBetween, rangeOf, timesOf } from "../state/url";
import { moment, zone } from "../text/times";

export function CustomRange({ onDone, onClose }: { onDone: (range: Range) => void; onClose: () => void }) {
  const utc = clockZone.value === "utc";
  const [shownFrom, shownTo] = shown();
  const [from, setFrom] = useState(field(shownFrom, utc));
  // To the second: one that has begun is part of it.
  const [to, setTo] = useState(field(Math.ceil(shownTo / 1000) * 1000, utc));
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const [a, b] = [parse(from, utc), parse(to, utc)];
  const valid = a < b;
  // Summer and winter have times of their own.
  const zoneAt = (ms: number) => zone(utc, Number.isNaN(ms) ? Date.now() : ms);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="range-title" onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (valid) onDone(rangeBetween(a, b));
        }}
      >
        <h2 id="range-title">Custom range</h2>
        <label class="field field-stacked">
          <span class="field-label">From ({zoneAt(a)})</span>
          <input type="datetime-local" step="1" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label class="field field-stacked">
          <span class="field-label">To ({zoneAt(b)})</span>
          <input type="datetime-local" step="1" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        {!valid && (
          <p class="muted" role="alert">
            The end has to be after the beginning.
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button button-main" disabled={!valid}>
            Show
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** The chosen range, else what the picture shows, else the last hour. */
function shown(): [from: number, to: number] {
  const { matrix, range } = store;
  if (range.value.kind === "span") return timesOf(range.value);
  const width = matrix.value?.columns.length;
  return matrix.value && width ? timesOf(rangeOf(matrix.value, 0, width)) : [Date.now() - 3_600_000, Date.now()];
}

const field = (ms: number, utc: boolean) => moment(ms, utc).replace(" ", "T");
const parse = (text: string, utc: boolean) => Date.parse(utc ? `${text}Z` : text);
