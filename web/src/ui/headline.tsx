/** The line that says what the picture is, and whether to believe it. */

import type { Matrix } from "../data/matrix";
import { refresh } from "../state/prefs";
import * as store from "../state/store";
import { full, plural, span } from "../text/numbers";

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
      {store.conflicts.value.length > 0 && <ConflictPill matrix={matrix} />}
      <WarningPill matrix={matrix} />
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
  const codes = nodes.flatMap(({ node, warnings }) => (warnings ?? []).map(({ code }) => `${node}: ${code}`));
  return (
    <span class="pill pill-amber" title={codes.join("\n")}>
      {plural(codes.length, "node warning")}
    </span>
  );
}

/** How old the picture is, and in what colour one should read that. */
export function Freshness() {
  const at = store.receivedAt.value;
  if (at === 0) return <span class="fresh muted">{store.loading.value ? "loading…" : ""}</span>;
  const { text, tone, title } = freshnessText();
  return (
    <span class={`fresh ${tone}`} role="status" aria-live="off" title={title}>
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}

export function freshnessText(): { text: string; tone: string; title: string | undefined } {
  const { state, tone, since, title } = freshness(store.receivedAt.value);
  const age = Math.max(store.now.value - since, 0);
  return { text: `${state} ${age < 1500 ? "just now" : `${span(age)} ago`}`, tone, title };
}

interface Freshness {
  state: string;
  tone: string;
  /** What the age is told of, by this browser's clock. */
  since: number;
  title?: string;
}

function freshness(at: number): Freshness {
  const matrix = store.matrix.value;
  if (!matrix) return { state: "No picture · last answer", tone: "fresh-late", since: at };
  const age = store.now.value - at;
  if (store.failure.value || (refresh.value > 0 && age > refresh.value * 3000 + 5000)) {
    return { state: "Stale ·", tone: "fresh-late", since: at };
  }
  if (store.past.value) {
    const title = "The chosen range ends in the past. “Last hour” follows the present.";
    return { state: "Past range ·", tone: "fresh-paused", since: at, title };
  }
  if (store.future.value) return { state: "Future range ·", tone: "fresh-paused", since: at };
  if (store.lagging.value) {
    const title = "The nodes answer, and have counted nothing newer. Do they still sample, and is their clock right?";
    const newest = (matrix.columns.at(-1) ?? 0) - store.ahead.value;
    return { state: "Old data · newest", tone: "fresh-late", since: newest, title };
  }
  if (refresh.value === 0) return { state: "Paused ·", tone: "fresh-paused", since: at };
  return { state: "Live ·", tone: "", since: at };
}
