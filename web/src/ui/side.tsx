/** Beside the picture: the hottest range, the pinned cell, and the nodes it was made of. */

import type { Matrix, NodeStatus } from "../data/matrix";
import { idAt, isCurrent, SATURATED, windowMs } from "../data/matrix";
import type { Busiest, RowStats, WindowStats } from "../data/stats";
import { meanOf } from "../data/stats";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { cellFacts } from "../text/cell";
import { endText, nameText, shorten, startText } from "../text/keys";
import { bytes, counted, plural, rate, span } from "../text/numbers";
import { lacking } from "../text/short";
import { timeAmong, zoned } from "../text/times";
import { Facts, KeyRange } from "./cell";
import { useKeptFocus } from "./focus";
import { History } from "./history";
import { Card, IconButton } from "./parts";
import { copyLink } from "./share";

export function Side() {
  return (
    <aside class="side" aria-label="Details">
      <HotCard />
      <PinnedCard />
      <NodesCard />
    </aside>
  );
}

function HotCard() {
  const matrix = store.matrix.value;
  const hot = store.hot.value;
  const stats = store.stats.value;
  if (!matrix || !hot || !stats) return null;
  const row = matrix.rows[hot.row];
  return (
    <Card
      title="Hottest range in view"
      aside={
        <button type="button" class="link" onClick={() => store.pin({ row: hot.shown, column: hot.peakColumn })}>
          Show its peak
        </button>
      }
    >
      <KeyRange start={startText(row)} end={endText(row)} />
      <Figures matrix={matrix} hot={hot} stats={stats} />
      <HottestNow />
    </Card>
  );
}

function Figures({ matrix, hot, stats }: { matrix: Matrix; hot: RowStats; stats: WindowStats }) {
  const width = windowMs(matrix);
  const share = stats.total > 0 ? (Number(hot.total) / stats.total) * 100 : 0;
  const speed = (value: number | bigint) => rate(matrix.series, value, width) || counted(matrix.series, value);
  const utc = clockZone.value === "utc";
  const group = idAt(matrix.groups, hot.row * matrix.columns.length + hot.peakColumn);
  const { bound, nodes } = lacking(matrix, hot.peakColumn);
  const mean = meanOf(matrix, hot.row, stats.window);
  return (
    <dl class="figures">
      <div>
        <dt>
          {share >= 10 ? Math.round(share) : share.toFixed(1)}% of the traffic
          {store.zoomed.value && " in view"}
          {store.filter.value && " of the rows found"}
        </dt>
        <dd>
          {width && hot.total >= SATURATED && mean < SATURATED && "≥ "}
          {width ? rate(matrix.series, mean, width) : speed(hot.total)}
        </dd>
      </div>
      <div>
        <dt>
          peak at {timeAmong(matrix.columns, matrix.columns[hot.peakColumn], utc)}
          {nodes}
        </dt>
        <dd>
          {hot.peak < SATURATED && bound}
          {speed(hot.peak)}
        </dd>
      </div>
      <div>
        <dt>{group ? `nodes, Raft group ${group}` : "nodes"}</dt>
        <dd>{matrix.fanout ? `${matrix.fanout.responded} of ${matrix.fanout.expected}` : "1"}</dd>
      </div>
    </dl>
  );
}

/** The newest windows: what was hottest for an hour may have cooled down since, and what is hottest may not be in view. */
function HottestNow() {
  const { hot, hottestAnywhere, hottestNow } = store;
  const [here, anywhere] = [hottestNow.value, hottestAnywhere.value];
  const isElsewhere = anywhere !== null && anywhere.value > (here?.value ?? 0);
  return (
    <>
      {here && here.row !== hot.value?.row && <Now cell={here} />}
      {isElsewhere && <Now cell={anywhere} isHidden />}
    </>
  );
}

function Now({ cell: { row, column, value }, isHidden }: { cell: Busiest; isHidden?: boolean }) {
  const matrix = store.matrix.value;
  const width = matrix && windowMs(matrix);
  if (!width) return null;
  const present = !store.past.value && !store.failure.value && isCurrent(matrix, column, store.present.value);
  const utc = clockZone.value === "utc";
  const { bound, nodes } = lacking(matrix, column);
  return (
    <p class="now">
      <span class="muted">
        {present ? "Right now" : `At ${timeAmong(matrix.columns, matrix.columns[column], utc)}`}
        {isHidden && " out of view"}{" "}
      </span>
      <button
        type="button"
        class="link key"
        onClick={() => {
          if (isHidden) store.showAll();
          store.pinned.value = { bucket: matrix.rows[row].id, time: matrix.columns[column] };
        }}
      >
        {shorten(startText(matrix.rows[row]), 30)}
      </button>{" "}
      {bound}
      {rate(matrix.series, value, width)}
      {nodes}
    </p>
  );
}

function PinnedCard() {
  const box = useKeptFocus<HTMLDivElement>();
  const matrix = store.matrix.value;
  if (!matrix?.rows.length) return null;
  return (
    <div ref={box} tabIndex={-1}>
      {pinnedOrHint(matrix)}
    </div>
  );
}

function pinnedOrHint(matrix: Matrix) {
  const cell = store.pinned.value;
  const place = store.pinnedCell.value;
  if (!cell) {
    return (
      <p class="hint">
        Click a cell to pin it and see its row over time. Drag to select a box, scroll to zoom, <kbd>?</kbd> lists the
        keys.
      </p>
    );
  }
  const utc = clockZone.value === "utc";
  return (
    <Card
      title="Pinned cell"
      aside={
        <div class="group">
          <IconButton icon="link" label="Copy a link to this cell" onClick={() => void copyLink()} />
          <IconButton
            icon="close"
            label="Unpin (Esc)"
            onClick={() => {
              store.pinned.value = null;
            }}
          />
        </div>
      }
    >
      {place && place.column >= 0 && <Facts facts={cellFacts(matrix, place.row, place.column, utc)} />}
      {place && place.column < 0 && (
        <>
          <KeyRange start={startText(matrix.rows[place.row])} end={endText(matrix.rows[place.row])} />
          <p class="muted">{absence(matrix, cell.time, utc)}</p>
        </>
      )}
      {!place && <p class="muted">The bucket {shorten(nameText(cell.bucket), 40)} has no traffic in this range.</p>}
      {place && <History row={place.row} column={place.column} />}
    </Card>
  );
}

/** Why a window is not in the matrix. */
function absence({ columns, generatedAt }: Matrix, time: number, utc: boolean): string {
  const window = `the window that ended ${zoned(time, utc)}`;
  const asked = store.range.value;
  const within =
    asked.kind === "all" ||
    (asked.kind === "span" ? asked.from <= time && time < asked.to : time >= generatedAt - asked.ms);
  if (within && time < columns[0]) {
    return `The nodes no longer have ${window}: the oldest they have in this range ended ${zoned(columns[0], utc)}.`;
  }
  if (within) return `The nodes do not have ${window}.`;
  return `${window[0].toUpperCase()}${window.slice(1)} is not in this range.`;
}

/** Nodes listed before the rest is folded away; those that fail or warn come first. */
const LISTED = 8;

function NodesCard() {
  const fanout = store.lastFanout.value;
  if (!fanout) return null;
  const order = (node: NodeStatus) => (node.role === "duplicate" ? 3 : !node.ok ? 0 : node.warnings?.length ? 1 : 2);
  const nodes = fanout.nodes
    .map((node, index) => ({ node, index }))
    .sort((a, b) => order(a.node) - order(b.node) || a.index - b.index);
  const listed = nodes.slice(0, LISTED);
  const rest = nodes.slice(listed.length);
  return (
    <Card
      title="Nodes"
      aside={
        <span class="muted">
          {fanout.responded} of {fanout.expected} answered
          {store.fanoutIsOld.value && " last time"}
        </span>
      }
    >
      <ul class="nodes">
        {listed.map(({ node }) => (
          <NodeLine key={node.node} {...node} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>{plural(rest.length, "more node")}</summary>
          <ul class="nodes">
            {rest.map(({ node }) => (
              <NodeLine key={node.node} {...node} />
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

function NodeLine({ node, ok, role, reason, warnings, duration_ms, bytes: size, rows }: NodeStatus) {
  const said = [rows !== undefined && plural(rows, "row"), duration_ms !== undefined && span(duration_ms)];
  const old = store.fanoutIsOld.value;
  const tone = old ? "old" : !ok ? "bad" : warnings?.length ? "amber" : "ok";
  return (
    <li>
      <span
        class={`dot dot-${tone}`}
        role="img"
        aria-label={`${ok ? "answered" : "failed"}${old ? " last time" : ""}`}
      />
      <span class="key node-name" title={node}>
        {node}
      </span>
      {role !== "peer" && <span class="tag">{role}</span>}
      {!ok && <span class="tag tag-bad">{reason ?? "failed"}</span>}
      <span class="node-said" title={size === undefined ? undefined : bytes(size)}>
        {said.filter(Boolean).join(" · ")}
      </span>
      {warnings?.map(({ code, message }) => (
        <span class="node-warning" key={code}>
          <span class="tag tag-amber">{code}</span> {message}
        </span>
      ))}
    </li>
  );
}
