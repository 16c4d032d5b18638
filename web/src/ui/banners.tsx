/** What is wrong with the picture, above it. */

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Fanout, NodeStatus } from "../data/matrix";
import { failedNodes } from "../data/matrix";
import type { Failure } from "../data/request";
import { lastSuccess } from "../state/config";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { span } from "../text/numbers";
import { zoned } from "../text/times";
import { adviceFor } from "./advice";
import { Icon, LongText } from "./parts";

/** More failed nodes than these are folded away. */
const LISTED = 4;
/** Above a picture on a phone it is what is left of that that comes first. */
const phone = matchMedia("(max-width: 640px)");
const isPhone = signal(phone.matches);
phone.addEventListener("change", () => {
  isPhone.value = phone.matches;
});
const listedAbove = () => (isPhone.value ? 1 : LISTED);

/** What an operator does about each reason. */
const REASONS: Record<string, string> = {
  dns: "its name does not resolve",
  refused: "nothing listens there: is the node up?",
  connect: "it could not be reached: network or firewall?",
  deadline: "it did not finish in time",
  tls: "its certificate is not believed, or it speaks no TLS",
  auth: "it refuses this session",
  status: "it answered with an error",
  too_large: "its answer is over the limit: ask for a shorter range",
  decode: "its answer is not valid",
  aggregate: "it is an aggregator, not a node",
  breaker_open: "it failed several times in a row and is probed in the background",
  overload: "there was no memory left for its answer",
  io: "the connection broke",
};

/** One at a time: what the last poll met comes before what the picture lacks. */
export function Banners() {
  const matrix = store.matrix.value;
  const failure = store.failure.value;
  return (
    <div class="banners">
      <Recovery />
      {matrix && failure && <Stale failure={failure} fanout={matrix.fanout} />}
      {matrix?.fanout?.complete === false && !failure && <Degraded fanout={matrix.fanout} />}
    </div>
  );
}

/** That all is well again shows by what is gone, which nobody hears. */
function Recovery() {
  const was = useRef(false);
  const isBad = store.failure.value !== null || store.matrix.value?.fanout?.complete === false;
  if (isBad) was.current = true;
  return (
    <p class="sr-only" role="status">
      {was.current && !isBad && store.matrix.value && "The picture is up to date and complete again"}
    </p>
  );
}

/** The picture is old: whatever the last poll met. Its age, which ticks, is not announced with each second. */
function Stale({ failure, fanout }: { failure: Failure; fanout: Fanout | null }) {
  const { title, advice } = adviceFor(failure);
  const receivedAt = store.receivedAt.value;
  const age = store.now.value - receivedAt;
  // As the times of columns are.
  const at = receivedAt + store.ahead.value;
  const utc = clockZone.value === "utc";
  return (
    <section class="banner banner-bad" aria-label="Stale picture">
      <Icon name="warn" />
      <div>
        <strong>
          <span role="alert">{title}.</span> This picture is {span(Math.max(age, 0))} old (from {zoned(at, utc)}).
        </strong>
        <p>{advice}</p>
        {fanout && !fanout.complete && (
          <p>
            The picture itself has {fanout.responded} of {fanout.expected} nodes. {MISSING}
          </p>
        )}
        <FailedNodes nodes={(failure.fanout ?? fanout)?.nodes ?? []} listed={listedAbove()} />
      </div>
    </section>
  );
}

const MISSING =
  "Traffic that only the missing nodes have seen is not in this picture: what looks cold may be hot there.";

function Degraded({ fanout }: { fanout: Fanout }) {
  return (
    <section class="banner banner-amber" aria-label="Degraded cluster view">
      <Icon name="warn" />
      <div>
        <strong role="status">
          Cluster view degraded — {fanout.responded} of {fanout.expected} nodes responded
        </strong>
        <p>{MISSING}</p>
        <FailedNodes nodes={fanout.nodes} listed={listedAbove()} />
      </div>
    </section>
  );
}

export function FailedNodes({ nodes, listed = LISTED }: { nodes: NodeStatus[]; listed?: number }) {
  const failed = failedNodes(nodes);
  const first = failed.slice(0, listed);
  const rest = failed.slice(first.length);
  return (
    <>
      <ul class="failed">{first.map(FailedNode)}</ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <ul class="failed">{rest.map(FailedNode)}</ul>
        </details>
      )}
    </>
  );
}

function FailedNode({ node, reason, error }: NodeStatus) {
  const hint = reason && REASONS[reason];
  const rest = [error && hint, lastText(node)].filter(Boolean).join(" · ");
  return (
    <li key={node}>
      <span class="key">{node}</span>
      <span class="tag tag-bad">{reason ?? "failed"}</span>
      <div>
        <LongText text={error || hint || ""} />
        {rest && <span class="muted failed-rest">{rest}</span>}
      </div>
    </li>
  );
}

/** Nothing where nothing is known of the node. */
function lastText(node: string): string {
  const at = lastSuccess(node);
  if (at === undefined) return "";
  if (at === null) return "no answer since the daemon started";
  return `last answered ${span(Math.max(store.present.value - at, 0))} ago`;
}
