/** The line that says what the picture is, and whether to believe it. */

import type { Matrix } from "../data/matrix";
import { clockZone, refresh } from "../state/prefs";
import * as store from "../state/store";
import { shorten } from "../text/keys";
import { full, plural, span } from "../text/numbers";
import { timeAmong } from "../text/times";

export function headline(matrix: Matrix, maximum: number | bigint): string {
  const { columns, fanout, rows, series } = matrix;
  const whose = fanout ? `cluster view (${fanout.responded} of ${fanout.expected} nodes)` : "single node view";
  return `${full(rows.length)} rows × ${full(columns.length)} columns · series ${series} · max = ${full(maximum)} · ${whose}`;
}

export function Headline() {
  const matrix = store.matrix.value;
  if (!matrix) return <p class="headline muted">{store.loading.value ? "Asking the nodes…" : "No data"}</p>;
  return (
    <div class="headline">
      <NodeCount />
      <p>{headline(matrix, store.maximum.value)}</p>
      {store.loading.value && <span class="pill">loading {store.series.value.replace("_", " ")}…</span>}
      {matrix.rowsDropped > 0 && (
        <span
          class="pill pill-amber"
          title="The answer keeps the rows with the most traffic. A shorter range, or a zoomed window, shows others."
        >
          {full(matrix.rowsDropped)} rows dropped
        </span>
      )}
      <ConflictPill matrix={matrix} />
      <WarningPill matrix={matrix} />
      <ApartPill matrix={matrix} />
    </div>
  );
}

function NodeCount() {
  const fanout = store.lastFanout.value;
  if (!fanout) return <span class="pill">1 node</span>;
  const tone = fanout.responded === 0 ? "pill-bad" : !fanout.complete ? "pill-amber" : "pill-ok";
  return (
    <span class={`pill pill-strong ${store.fanoutIsOld.value ? "" : tone}`}>
      {store.failure.value?.fanout && "now "}
      {fanout.responded}/{fanout.expected} nodes
    </span>
  );
}

function ConflictPill({ matrix }: { matrix: Matrix }) {
  const cells = matrix.conflicts?.reduce((sum, flag) => sum + flag, 0) ?? 0;
  if (cells === 0) return null;
  return (
    <span
      class="pill pill-conflict"
      title="Leadership of a range changed inside a window: two nodes report different counts for the same writes. Such cells are hatched and show the larger count."
    >
      conflict · {full(cells)} {cells === 1 ? "cell" : "cells"}
    </span>
  );
}

function WarningPill({ matrix }: { matrix: Matrix }) {
  const nodes = matrix.fanout?.nodes.filter(({ warnings }) => warnings?.length) ?? [];
  if (nodes.length === 0) return null;
  const told = nodes.flatMap(({ node, warnings }) => (warnings ?? []).map(({ code }) => ({ node, code })));
  const skewed = told.filter(({ code }) => code === "clock_skew");
  const title = told.map(({ node, code }) => `${node}: ${code}`).join("\n");
  return (
    <>
      {skewed.length > 0 && (
        <span
          class="pill pill-amber"
          title="Its windows stand at the wrong times, and short of the other nodes’ share."
        >
          wrong clock: {shorten(skewed[0].node, 32)}
          {skewed.length > 1 && ` and ${skewed.length - 1} more`}
        </span>
      )}
      {told.length > skewed.length && (
        <span class="pill pill-amber" title={title}>
          {plural(told.length - skewed.length, "node warning")}
        </span>
      )}
    </>
  );
}

/** All nodes answer, which looks well, and one of them tells of nothing new. */
function ApartPill({ matrix }: { matrix: Matrix }) {
  const since = store.countedApartSince.value;
  if (since === null) return null;
  return (
    <span
      class="pill pill-amber"
      title="Every node answers, and one at least has counted nothing since. Do all of them still sample, and are their clocks right? Columns without it are amber above and dimmed."
    >
      no window of all nodes since {timeAmong(matrix.columns, since, clockZone.value === "utc")}
    </span>
  );
}

/** How old the picture is, and in what colour one should read that. */
export function Freshness() {
  const at = store.receivedAt.value;
  if (at === 0) return <span class="fresh muted">{store.loading.value ? "loading…" : ""}</span>;
  const { state, told, tone, since, title } = freshness();
  const age = Math.max(store.now.value - since, 0);
  return (
    <span class={`fresh ${tone}`} role="status" aria-live="off" title={title}>
      <span class="dot" aria-hidden="true" />
      {state} · {told}
      {age < 1500 ? "just now" : `${span(age)} ago`}
    </span>
  );
}

/** How far what is shown is of the present. */
interface Age {
  state: string;
  /** What `since` is the time of, where it is not that of the answer. */
  told: string;
  tone: "" | "fresh-paused" | "fresh-late";
  /** By this browser's clock. */
  since: number;
  title?: string;
}

export function freshness(): Age {
  const { failure, future, lagging, matrix, past } = store;
  const current = matrix.value;
  const answer = { told: "", since: store.receivedAt.value };
  if (!current) return { ...answer, state: "No picture", told: "last answer ", tone: "fresh-late" };
  const age = store.now.value - answer.since;
  if (failure.value || (refresh.value > 0 && age > refresh.value * 3000 + 5000)) {
    return { ...answer, state: "Stale", tone: "fresh-late" };
  }
  if (past.value) {
    const title = "The chosen range ends in the past. “Last hour” follows the present.";
    return { ...answer, state: "Past range", tone: "fresh-paused", title };
  }
  if (future.value) return { ...answer, state: "Future range", tone: "fresh-paused" };
  if (lagging.value) return { ...newest(current), tone: "fresh-late", title: LAGGING };
  return refresh.value === 0
    ? { ...answer, state: "Paused", tone: "fresh-paused" }
    : { ...answer, state: "Live", tone: "" };
}

const LAGGING =
  "The nodes answer, and have counted nothing newer. Do they still sample, and are their clocks and the daemon’s right?";

function newest({ columns }: Matrix): Pick<Age, "state" | "told" | "since"> {
  if (columns.length === 0) return { state: "No windows", told: "asked ", since: store.receivedAt.value };
  return { state: "Old data", told: "newest ", since: columns[columns.length - 1] - store.ahead.value };
}
