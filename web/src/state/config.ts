/** Introspection of the daemon (§6): for the configuration's own view, and for when a failed node last answered. */

import { effect, signal, untracked } from "@preact/signals";
import type { Failure } from "../data/request";
import { API, failureOf, OVERDUE, OVERDUE_MS } from "../data/request";
import { failure, generation, lastFanout, now, view } from "./store";

export interface Peer {
  entry: string;
  url: string;
  role: string;
  why: string;
  addresses: string[];
  breaker: string;
  consecutive_failures: number;
  last_success: string | null;
  last_error: { at: string; reason: string; message: string } | null;
}

export interface Problem {
  line?: number | null;
  column?: number | null;
  key?: string | null;
  message: string;
}

export interface Config {
  generation: number;
  source?: { path: string; found_by: string; sha256: string } | null;
  loaded_at?: string;
  last_attempt?: { at: string; trigger: string; ok: boolean; errors?: Problem[] | null } | null;
  counts?: { applied: number; rejected: number; unchanged: number };
  effective?: Record<string, Record<string, unknown>>;
  origins?: Record<string, string>;
  pending_restart?: { key: string; running: unknown; on_disk: unknown }[];
  watch?: { mode: string; paths: string[] } | null;
  peers?: Peer[];
}

export const config = signal<Config | null>(null);
export const configFailure = signal<Failure | null>(null);
/** When it last came, by this browser's clock, and when it was last asked for. */
export const configAt = signal(0);
let askedAt = 0;
let underWay = false;

async function loadConfig(): Promise<void> {
  if (underWay) return;
  underWay = true;
  askedAt = Date.now();
  try {
    const response = await fetch(`${API}/config`, {
      headers: { accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(OVERDUE_MS),
    });
    const body = await response.text();
    if (response.status !== 200) {
      configFailure.value = failureOf(response.status, body);
      return;
    }
    config.value = JSON.parse(body) as Config;
    configFailure.value = null;
    configAt.value = Date.now();
  } catch (error) {
    const { name, message } = error as Error;
    // Given up, for the next question to go out on another connection.
    configFailure.value = name === "TimeoutError" ? OVERDUE : { status: 0, code: "", message, fanout: null };
  } finally {
    underWay = false;
  }
}

/** Kept as fresh as somebody looks: with its view open every few seconds, where an answer lacks nodes or is refused with it. */
export function followConfig(): void {
  effect(() => {
    generation.value;
    const degraded = lastFanout.value?.complete === false;
    const refused = failure.value?.status === 401;
    if (view.value === "config" || degraded || refused) untracked(() => void loadConfig());
  });
  effect(() => {
    if (view.value === "config" && now.value - askedAt > 5000 && !document.hidden) untracked(() => void loadConfig());
  });
}

/** The last that is known of a peer is a failure, whatever its breaker makes of it. A duplicate is asked no more. */
export function isFailing({ last_error, last_success, role }: Peer): boolean {
  return role !== "duplicate" && last_error !== null && !(Date.parse(last_success ?? "") >= Date.parse(last_error.at));
}

/** When a node last answered, Unix milliseconds; null if it never has, undefined where nothing is known of it. */
export function lastSuccess(node: string): number | null | undefined {
  const peer = config.value?.peers?.find(
    ({ entry, url }) => entry === node || url === node || url.endsWith(`//${node}`),
  );
  if (!peer) return undefined;
  const at = Date.parse(peer.last_success ?? "");
  return Number.isNaN(at) ? null : at;
}
