/** The hottest rows of the visible window: the picture for those who sort, and for those who can't see it. */

import { computed, signal } from "@preact/signals";
import type { Matrix } from "../data/matrix";
import { idAt, windowMs } from "../data/matrix";
import type { RowStats, SortKey } from "../data/stats";
import { sortRows } from "../data/stats";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { endText, nameText, shorten, startText } from "../text/keys";
import { full, noun, plural, rate } from "../text/numbers";
import { lacking } from "../text/short";
import { timeAmong, windowText } from "../text/times";
import { useKeptFocus } from "./focus";
import { Card } from "./parts";

const FIRST = 20;
/** Characters of a key: all columns have to have room beside the panel. */
const KEY = 24;
const limit = signal(FIRST);
const sortBy = signal<SortKey>("total");
const ascending = signal(false);

const sorted = computed(() => {
  const matrix = store.matrix.value;
  const stats = store.stats.value;
  if (!matrix || !stats) return [];
  const busy = stats.rows.filter(({ total }) => total > 0);
  return sortRows(busy, matrix, sortBy.value, ascending.value);
});

export function HotTable() {
  const box = useKeptFocus<HTMLElement>();
  const matrix = store.matrix.value;
  const stats = store.stats.value;
  if (!matrix || !stats || stats.rows.length === 0) return null;
  const rows = sorted.value.slice(0, limit.value);
  const { from, to } = stats.window;
  const utc = clockZone.value === "utc";
  const time = windowText(matrix, from, to - 1, utc);
  const { nodes } = lacking(matrix, stats.latestColumn);
  const latest = `Window to ${timeAmong(matrix.columns, matrix.columns[stats.latestColumn], utc)}${nodes}`;
  return (
    <Card
      title="Hottest rows"
      box={box}
      aside={
        <span class="muted">
          {plural(stats.rows.length, "row")} in view · {time}
        </span>
      }
    >
      <div class="table-box">
        <table class="table table-stacked table-sorted">
          <caption class="sr-only">
            Rows of the visible window by traffic, {noun(matrix.series)}, {time}
          </caption>
          <Headings counts={noun(matrix.series)} latest={latest} />
          <tbody>
            {rows.map((row) => (
              <Line key={matrix.rows[row.row].id} row={row} latest={latest} />
            ))}
          </tbody>
        </table>
        {sorted.value.length === 0 && <p class="muted">No row in view has counted any {noun(matrix.series)}.</p>}
      </div>
      {sorted.value.length > rows.length && (
        <button
          type="button"
          class="button"
          onClick={() => {
            limit.value += 80;
          }}
        >
          Show more ({full(sorted.value.length - rows.length)} left)
        </button>
      )}
    </Card>
  );
}

function Headings({ counts, latest }: { counts: string; latest: string }) {
  return (
    <thead>
      <tr>
        <Heading by="key" text="Key range" />
        <Heading by="label" text="Label" kind="label" />
        <Heading by="total" text={`Total ${counts}`} kind="number" />
        <Heading by="peak" text="Peak window" kind="number" />
        <Heading by="latest" text={latest} kind="number" />
        <th scope="col">Raft</th>
      </tr>
    </thead>
  );
}

function Heading({ by, text, kind = "" }: { by: SortKey; text: string; kind?: "label" | "number" | "" }) {
  const active = sortBy.value === by;
  const direction = ascending.value ? "ascending" : "descending";
  const sort = () => {
    ascending.value = active ? !ascending.value : by === "key" || by === "label";
    sortBy.value = by;
  };
  return (
    <th scope="col" class={kind} aria-sort={active ? direction : "none"}>
      <button type="button" class="sort" onClick={sort}>
        {text}
        <span class="sort-mark" aria-hidden="true">
          {active ? (ascending.value ? "▲" : "▼") : ""}
        </span>
      </button>
    </th>
  );
}

function Line({ row, latest }: { row: RowStats; latest: string }) {
  const matrix = store.matrix.value;
  if (!matrix) return null;
  const described = matrix.rows[row.row];
  const { id, label } = described;
  const utc = clockZone.value === "utc";
  const chosen = store.pinned.value?.bucket === id;
  return (
    <tr class={chosen ? "chosen" : ""}>
      <th scope="row">
        <button
          type="button"
          class="row-button"
          title={`${startText(described)} … ${endText(described)}\n${nameText(id)}`}
          onClick={() => store.pin({ row: row.shown, column: row.peakColumn })}
        >
          <span class="key">{shorten(startText(described), KEY)}</span>
          <span class="key muted under">… {shorten(endText(described), KEY)}</span>
        </button>
      </th>
      <td class="label">
        {label && (
          <span class="tag" title={nameText(label)}>
            {shorten(nameText(label), 24)}
          </span>
        )}
      </td>
      <td class="number" data-label="Total">
        {full(row.total)} <Bar share={Number(row.total)} />
      </td>
      <td class="number" data-label="Peak">
        {full(row.peak)}{" "}
        <span class="muted under">at {timeAmong(matrix.columns, matrix.columns[row.peakColumn], utc)}</span>
      </td>
      <td class="number" data-label={latest}>
        {full(row.latest)} <span class="muted under">{rate(matrix.series, row.latest, windowMs(matrix))}</span>
      </td>
      <RaftCell matrix={matrix} row={row} />
    </tr>
  );
}

/** Whose the row was at its peak. */
function RaftCell({ matrix, row }: { matrix: Matrix; row: RowStats }) {
  const cell = row.row * matrix.columns.length + row.peakColumn;
  const [group, term] = [idAt(matrix.groups, cell), idAt(matrix.terms, cell)];
  return (
    <td class="raft" data-label="Raft">
      {group && `group ${group} `}
      {term && <span class="muted under">term {term}</span>}
      {row.conflicts > 0 && <span class="pill pill-conflict">conflict</span>}
    </td>
  );
}

/** The row's total against the largest. */
function Bar({ share }: { share: number }) {
  const most = Number(store.hot.value?.total ?? 0);
  const put = (element: HTMLSpanElement | null) => {
    if (element) element.style.width = `${most > 0 ? (share / most) * 100 : 0}%`;
  };
  return (
    <span class="bar" aria-hidden="true">
      <span ref={put} />
    </span>
  );
}
