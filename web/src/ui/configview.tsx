/** The second view: what the daemon runs with, where each value is from, and how each peer is doing. */

import type { Config, Peer } from "../state/config";
import { config, configAt, configFailure, isFailing } from "../state/config";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { plural, span } from "../text/numbers";
import { zoned } from "../text/times";
import { adviceFor } from "./advice";
import { Card, LongText, ScrollBox } from "./parts";

export function ConfigView() {
  const current = config.value;
  const failure = configFailure.value;
  if (!current && !failure) return <p class="nothing muted">Asking the daemon…</p>;
  return (
    <main class="config">
      {failure && (
        <section class={current ? "banner banner-bad" : "nothing nothing-bad"} role="alert">
          <div>
            <h2>{adviceFor(failure).title}</h2>
            <p>{adviceFor(failure).advice}</p>
            {current && (
              <p>What follows is as of {zoned(configAt.value + store.ahead.value, clockZone.value === "utc")}.</p>
            )}
          </div>
        </section>
      )}
      {current && (
        <>
          <Running current={current} />
          <Pending current={current} />
          <Peers peers={current.peers ?? []} />
          <Values current={current} />
        </>
      )}
    </main>
  );
}

const when = (text: string | null | undefined) => {
  const at = Date.parse(text ?? "");
  if (Number.isNaN(at)) return "never";
  return `${span(Math.max(store.present.value - at, 0))} ago (${zoned(at, clockZone.value === "utc")})`;
};

const TRIGGERS: Record<string, string> = {
  start: "at the start",
  watch: "by a change of the file",
  poll: "by looking at the file",
  signal: "by a signal",
  control: "by the reload command",
};

function Running({ current }: { current: Config }) {
  const attempt = current.last_attempt;
  const old = configFailure.value !== null;
  const { counts, source, watch } = current;
  return (
    <Card
      title={`Generation ${current.generation}`}
      aside={
        <span class={`pill ${old ? "" : attempt?.ok === false ? "pill-bad" : "pill-ok"}`}>
          {attempt?.ok === false ? "last edit refused" : old ? "was in force" : "in force"}
        </span>
      }
    >
      {attempt?.ok === false && (
        <div class="banner banner-bad" role="alert">
          <div>
            <strong>The last edit was refused; generation {current.generation} still runs.</strong>
            <ul class="problems">
              {attempt.errors?.map((problem) => (
                <li key={`${problem.line}:${problem.column}:${problem.message}`}>
                  {problem.line && (
                    <span class="key">
                      line {problem.line}
                      {problem.column && `, column ${problem.column}`}
                    </span>
                  )}
                  {problem.key && <span class="key">{problem.key}</span>}
                  <span>{problem.message}</span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <dl class="pairs">
        <dt>File</dt>
        <dd>
          {source ? (
            <>
              <span class="key">{source.path}</span> <span class="muted">found by {source.found_by}</span>
            </>
          ) : (
            "none: configured in process"
          )}
        </dd>
        {source && (
          <>
            <dt>SHA-256</dt>
            <dd class="key hash" title={source.sha256}>
              {source.sha256}
            </dd>
          </>
        )}
        <dt>Running since</dt>
        <dd>{when(current.loaded_at)}</dd>
        {attempt && (
          <>
            <dt>Last attempt</dt>
            <dd>
              {attempt.ok ? "taken" : "refused"} {TRIGGERS[attempt.trigger] ?? attempt.trigger}, {when(attempt.at)}
            </dd>
          </>
        )}
        {counts && (
          <>
            <dt>Attempts</dt>
            <dd>
              {counts.applied} applied, {counts.rejected} rejected, {counts.unchanged} unchanged
            </dd>
          </>
        )}
        {watch && (
          <>
            <dt>Watching</dt>
            <dd>
              by {watch.mode}: <span class="key">{watch.paths.join(", ")}</span>
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function Pending({ current }: { current: Config }) {
  const pending = current.pending_restart ?? [];
  if (pending.length === 0) return null;
  return (
    <Card title="Waits for a restart" aside={<span class="pill pill-amber">{plural(pending.length, "key")}</span>}>
      <ScrollBox label="Keys that wait for a restart">
        <table class="table table-stacked">
          <caption class="sr-only">Keys that wait for a restart</caption>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Running</th>
              <th scope="col">On disk</th>
            </tr>
          </thead>
          <tbody>
            {pending.map(({ key, running, on_disk }) => (
              <tr key={key}>
                <th scope="row" class="key">
                  {key}
                </th>
                <td class="key" data-label="Running">
                  {valueText(running)}
                </td>
                <td class="key" data-label="On disk">
                  {valueText(on_disk)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Card>
  );
}

function Peers({ peers }: { peers: Peer[] }) {
  const failing = peers.filter(isFailing).length;
  return (
    <Card
      title="Peers"
      aside={
        <span class="muted">
          {plural(peers.length, "entry").replace("entrys", "entries")}
          {failing > 0 && `, ${failing} failing`}
        </span>
      }
    >
      {peers.length === 0 ? (
        <p class="muted">
          None are configured: the matrix is the local node’s own. Name all nodes in <code>fanout.peers</code>.
        </p>
      ) : (
        <ScrollBox label="Table of peers">
          <table class="table table-stacked">
            <caption class="sr-only">Peers, their breakers and their last answers</caption>
            <thead>
              <tr>
                <th scope="col">Entry</th>
                <th scope="col">Role</th>
                <th scope="col">Breaker</th>
                <th scope="col">Last success</th>
                <th scope="col">Last error</th>
              </tr>
            </thead>
            <tbody>
              {peers.map((peer) => (
                <PeerLine key={peer.entry} peer={peer} />
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Card>
  );
}

function PeerLine({ peer }: { peer: Peer }) {
  const { entry, url, addresses, role, why, breaker, consecutive_failures, last_success, last_error } = peer;
  const failing = isFailing(peer);
  const tone = breaker !== "closed" ? "tag-bad" : consecutive_failures > 0 ? "tag-amber" : "tag-ok";
  return (
    <tr>
      <th scope="row">
        <span class="key" title={url}>
          {entry}
        </span>
        {addresses?.length > 0 && <span class="under muted">{addresses.join(", ")}</span>}
      </th>
      <td data-label="Role">
        <span class="tag">{role}</span>
        <span class="under muted">{why}</span>
      </td>
      <td data-label="Breaker">
        <span class={`tag ${tone}`}>{breaker.replace("_", " ")}</span>
        {consecutive_failures > 0 && (
          <span class="under muted">{plural(consecutive_failures, "failure")} in a row</span>
        )}
      </td>
      <td data-label="Last success">{when(last_success)}</td>
      <td data-label="Last error" class={failing ? "" : "muted"}>
        {last_error ? (
          <>
            <span class={`tag ${failing ? "tag-bad" : ""}`}>{last_error.reason}</span>{" "}
            <LongText text={last_error.message} />
            <span class="under muted">
              {when(last_error.at)}
              {!failing && ", answers again"}
            </span>
          </>
        ) : (
          "none"
        )}
      </td>
    </tr>
  );
}

function Values({ current }: { current: Config }) {
  const tables = Object.entries(current.effective ?? {});
  return (
    <Card title="Effective values" aside={<span class="muted">with where each is from</span>}>
      <div class="values">
        {tables.map(([table, keys]) => (
          <table class="table" key={table}>
            <caption>[{table}]</caption>
            <thead class="sr-only">
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Value</th>
                <th scope="col">Origin</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(keys).map(([key, value]) => {
                const origin = current.origins?.[`${table}.${key}`] ?? "";
                return (
                  <tr key={key} class={origin === "default" ? "is-default" : ""}>
                    <th scope="row" class="key">
                      {key}
                    </th>
                    <td class="key value">{valueText(value)}</td>
                    <td class="origin">{originText(origin)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        ))}
      </div>
    </Card>
  );
}

function valueText(value: unknown): string {
  if (value === "") return "—";
  if (Array.isArray(value)) return value.length === 0 ? "—" : value.map(valueText).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function originText(origin: string): string {
  const line = /^file:(\d+)$/.exec(origin);
  return line ? `line ${line[1]}` : origin;
}
