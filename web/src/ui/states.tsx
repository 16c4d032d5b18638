/** In place of the picture: why there is none, and what to do next. */

import { batch } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Failure } from "../data/request";
import { poll } from "../state/poll";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { plural, span } from "../text/numbers";
import { between } from "../text/times";
import { adviceFor } from "./advice";
import { FailedNodes } from "./banners";
import { Icon } from "./parts";

/** Stands where the chart would, or null where that has something to show. */
export function StateOfNothing() {
  const matrix = store.matrix.value;
  const failure = store.failure.value;
  if (!matrix && failure) return <Failed failure={failure} />;
  if (!matrix) return <Waiting />;
  if (matrix.rows.length === 0 || matrix.columns.length === 0) return <Quiet />;
  if (store.shown.value.length === 0) return <NoMatch />;
  return null;
}

function Panel({
  title,
  children,
  tone,
  busy,
}: {
  title: string;
  children?: ComponentChildren;
  tone?: string;
  busy?: boolean;
}) {
  return (
    <section class={`nothing ${tone ?? ""}`} aria-label={title} aria-busy={busy}>
      <div role={tone ? "alert" : "status"}>
        <h2>{title}</h2>
      </div>
      {children}
    </section>
  );
}

function Failed({ failure }: { failure: Failure }) {
  const { title, advice } = adviceFor(failure);
  return (
    <Panel title={title} tone="nothing-bad">
      <p>{advice}</p>
      {failure.fanout && <FailedNodes nodes={failure.fanout.nodes} />}
      <p class="muted">
        {failure.status === 0 ? "no answer" : failure.status > 0 ? `HTTP ${failure.status}` : "HTTP 200"}
        {failure.code && ` · ${failure.code}`}
      </p>
      <div class="group">
        <RetryButton />
        <LastPictureButton />
      </div>
    </Panel>
  );
}

/** An answer to another question must not stand under this one, but it is still here. */
function LastPictureButton() {
  const last = store.lastQuestion.value;
  if (!last) return null;
  const back = () =>
    batch(() => {
      store.series.value = last.series;
      store.range.value = last.range;
    });
  const age = span(Math.max(store.now.value - store.receivedAt.value, 0));
  return (
    <button type="button" class="button" onClick={back}>
      Back to the last picture ({last.series.replace("_", " ")}, {age} old)
    </button>
  );
}

function RetryButton() {
  return (
    <button type="button" class="button button-main" onClick={() => void poll()}>
      <Icon name="refresh" />
      <span>Try again</span>
    </button>
  );
}

function Waiting() {
  return (
    <Panel title="Asking all nodes…" busy>
      <div class="skeleton" aria-hidden="true" />
    </Panel>
  );
}

function Quiet() {
  const { series, range } = store;
  return (
    <Panel title={`No ${series.value.replace("_", " ")} in this window`}>
      <p>{quietText()}</p>
      {range.value.kind !== "all" && (
        <button
          type="button"
          class="button button-main"
          onClick={() => {
            range.value = { kind: "all" };
          }}
        >
          Show all there is
        </button>
      )}
    </Panel>
  );
}

function quietText(): ComponentChildren {
  const asked = store.range.value;
  const utc = clockZone.value === "utc";
  if (asked.kind === "span" && store.future.value) {
    return <>{between(asked.from, asked.to, utc)} is still to come.</>;
  }
  if (asked.kind === "span" && store.matrix.value?.columns.length === 0) {
    return (
      <>
        The nodes answered, and have no windows of {between(asked.from, asked.to, utc)}. They keep only so much of the
        past, and nothing of what was before their last start.
      </>
    );
  }
  if (store.matrix.value?.columns.length === 0) {
    return (
      <>
        The nodes answered, and have no windows {asked.kind === "all" ? "at all" : "that are so new"}. They may only
        have started: the first is there once it has ended. Else they sample no more, or the clock of a host is wrong.
      </>
    );
  }
  return (
    <>
      The nodes answered, and none of them has seen any.{" "}
      {asked.kind === "all" ? "Rows appear with their first traffic." : "It may lie outside of this range."} If there
      should be traffic, check that the nodes run with <code>--keyvizEnabled</code>, and look at another series.
    </>
  );
}

function NoMatch() {
  return (
    <Panel title="No row matches the search">
      <p>
        Nothing among {plural(store.matrix.value?.rows.length ?? 0, "row")} has a bucket or label that contains{" "}
        <code>{store.filter.value}</code>, or a key range that begins with or contains it. Bytes are searched as{" "}
        <code>0x…</code>.
      </p>
      <button
        type="button"
        class="button button-main"
        onClick={() => {
          store.search("");
        }}
      >
        Clear the search
      </button>
    </Panel>
  );
}
