/** What is asked for and what part of it is shown. */

import { batch, signal } from "@preact/signals";
import type { Series } from "../data/matrix";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import type { Range } from "../state/url";
import { rangeText, readRange, timesOf } from "../state/url";
import { plural } from "../text/numbers";
import { between } from "../text/times";
import { CustomRange } from "./customrange";
import { Icon, IconButton, Segmented, Select } from "./parts";
import { Share } from "./share";
import { zoomIn, zoomOut } from "./shortcuts";

const SERIES_CHOICES: { value: Series; text: string; title: string }[] = [
  { value: "writes", text: "Writes", title: "Writes, counted by the node that dispatched them" },
  { value: "reads", text: "Reads", title: "Reads, counted by the replica that served them" },
  { value: "write_bytes", text: "Bytes written", title: "Bytes written" },
  { value: "read_bytes", text: "Bytes read", title: "Bytes read" },
];

const RANGES = [
  { value: "15m", text: "Last 15 min" },
  { value: "1h", text: "Last hour" },
  { value: "6h", text: "Last 6 hours" },
  { value: "24h", text: "Last 24 hours" },
  { value: "all", text: "All there is" },
];

const editing = signal(false);

export function Controls({ search }: { search: { current: HTMLInputElement | null } }) {
  return (
    <section class="controls" aria-label="What is shown">
      <Segmented name="series" legend="Series" choices={SERIES_CHOICES} chosen={store.series} />
      <RangeSelect />
      <Search input={search} />
      <div class="group">
        <IconButton icon="minus" label="Zoom out (−)" onClick={zoomOut} />
        <IconButton icon="plus" label="Zoom in (+)" onClick={zoomIn} />
        <IconButton
          icon="fit"
          label="Show all (0)"
          text="All"
          onClick={store.resetZoom}
          disabled={!store.zoomed.value}
        />
      </div>
      <Share />
      {editing.value && <CustomRange onDone={choose} onClose={() => close()} />}
    </section>
  );
}

function close(): void {
  editing.value = false;
}

function choose(range: Range): void {
  batch(() => {
    editing.value = false;
    store.range.value = range;
    // Who asks for other times wants to see them all.
    store.showAllTime();
  });
}

function RangeSelect() {
  const current = rangeText(store.range.value);
  const own = RANGES.some(({ value }) => value === current)
    ? []
    : [{ value: current, text: ownRange(store.range.value) }];
  const choices = [
    ...RANGES,
    ...own,
    ...(store.timeZoomed.value ? [{ value: "zoom", text: "The zoomed window" }] : []),
    { value: "custom", text: "Custom…" },
  ];
  return (
    <Select
      label="Range"
      hideLabel
      choices={choices}
      value={current}
      onChange={(value) => {
        if (value === "custom") editing.value = true;
        else choose((value === "zoom" && store.rangeInView()) || readRange(value));
      }}
    />
  );
}

function ownRange(range: Range): string {
  if (range.kind !== "span") return rangeText(range);
  return between(...timesOf(range), clockZone.value === "utc");
}

function Search({ input }: { input: { current: HTMLInputElement | null } }) {
  const all = store.matrix.value?.rows.length ?? 0;
  const filtered = store.filter.value !== "";
  const around = filtered && store.foundAround.value;
  return (
    <div class="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label="Search keys, buckets and labels"
        placeholder="Key prefix, bucket or label  ( / )"
        value={store.filter.value}
        spellcheck={false}
        onInput={(event) => {
          store.search(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (store.filter.value) store.search("");
          else event.currentTarget.blur();
          event.stopPropagation();
        }}
      />
      <output class="search-count">{filtered && `${store.shown.value.length} of ${plural(all, "row")}`}</output>
      <output class="search-note">{around && "No row begins with it; shown is the range that would hold it"}</output>
    </div>
  );
}
