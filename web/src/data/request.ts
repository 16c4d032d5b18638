/** The question to the daemon, and what may come back. */

import type { Fanout, Matrix, Series } from "./matrix";

export interface Ask {
  series: Series;
  /** Half-open, Unix milliseconds. */
  from?: number;
  to?: number;
}

export interface Failure {
  /** HTTP status, 0 when there was no answer, -1 when the answer could not be read. */
  status: number;
  code: string;
  message: string;
  fanout: Fanout | null;
}

/** After this long without an answer, milliseconds, the connection may have died without a word. */
export const OVERDUE_MS = 15_000;
/** What is said of the daemon then. */
export const OVERDUE: Failure = { status: 0, code: "overdue", message: "", fanout: null };

/** `arrivedAt`: when the last byte was here, in milliseconds since the epoch, as exact as `performance` is. */
export type Answer = { matrix: Matrix; generation: string; arrivedAt: number } | { failure: Failure };

export interface ToWorker {
  id: number;
  url: string;
}

export interface FromWorker {
  id: number;
  answer: Answer;
}

export const API = "/admin/api/v1/keyviz";

export function matrixUrl({ series, from, to }: Ask): string {
  const query = new URLSearchParams({ series });
  if (from) query.set("from_unix_ms", String(Math.floor(from)));
  if (to) query.set("to_unix_ms", String(Math.ceil(to)));
  return `${API}/matrix?${query}`;
}

/** The failure that an answer other than 200 tells of; its body may be anything. */
export function failureOf(status: number, body: string): Failure {
  const failure: Failure = { status, code: "", message: `the answer was HTTP ${status}`, fanout: null };
  try {
    const said = JSON.parse(body) as Partial<Record<string, unknown>>;
    if (typeof said.error === "string") failure.code = said.error;
    if (typeof said.message === "string") failure.message = said.message;
    const fanout = said.fanout as Fanout | undefined;
    if (Array.isArray(fanout?.nodes)) failure.fanout = fanout;
  } catch {
    // A proxy's page, perhaps: the status has to do.
  }
  return failure;
}
