/** What is known of a cell, laid out. */

import type { CellFacts } from "../text/cell";
import { CONFLICT_TEXT } from "../text/cell";
import { shorten } from "../text/keys";

export function Facts({ facts }: { facts: CellFacts }) {
  return (
    <div class="facts">
      <p class="facts-value">
        <strong>{facts.value}</strong>
        <span>{facts.rate}</span>
      </p>
      <KeyRange start={facts.start} end={facts.end} />
      <dl>
        <dt>Window</dt>
        <dd>
          {facts.window}
          {facts.gap && ` ${facts.gap}`}
        </dd>
        <dt>Bucket</dt>
        <dd>
          {shorten(facts.bucket, 40)}
          {facts.label && <span class="tag">{shorten(facts.label, 40)}</span>}
        </dd>
        {facts.routes && (
          <>
            <dt>Routes</dt>
            <dd>{facts.routes}</dd>
          </>
        )}
        {facts.group && (
          <>
            <dt>Raft</dt>
            <dd>
              group {facts.group}
              {facts.term && `, term ${facts.term}`}
            </dd>
          </>
        )}
        {facts.nodes && (
          <>
            <dt>Nodes</dt>
            <dd>
              {facts.nodes} {facts.short}
            </dd>
          </>
        )}
      </dl>
      {facts.conflict && (
        <p class="facts-conflict">
          <span class="pill pill-conflict">conflict</span> {CONFLICT_TEXT}
        </p>
      )}
    </div>
  );
}

export function KeyRange({ start, end }: { start: string; end: string }) {
  return (
    <p class="keyrange">
      <span class="key" title={start}>
        {shorten(start, 64)}
      </span>
      <span class="key key-end" title={end}>
        <span class="muted">to </span>
        {shorten(end, 64)}
      </span>
    </p>
  );
}
