/** Asks the daemon, again and again, and puts what it says into the store. */

import { batch, effect, untracked } from "@preact/signals";
import type { Matrix } from "../data/matrix";
import type { Answer, FromWorker, ToWorker } from "../data/request";
import { matrixUrl } from "../data/request";
import { splice, spliceFrom } from "../data/splice";
import { refresh } from "./prefs";
import {
  ahead,
  failure,
  generation,
  lastFanout,
  lastQuestion,
  loading,
  matrix,
  range,
  receivedAt,
  replaceMatrix,
  series,
} from "./store";
import { rangeText } from "./url";

/** After this long all columns are asked for again, in case an old one has changed unseen. */
const RECONCILE_MS = 600_000;

const worker = new Worker(new URL("../data/worker.ts", import.meta.url), { type: "module" });
const waiting = new Map<number, (answer: Answer) => void>();
worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  waiting.get(data.id)?.(data.answer);
  waiting.delete(data.id);
};

/** A worker that can't be started, or has run out of memory, must not leave the page waiting. */
worker.onerror = ({ message }) => {
  const failure = { status: -1, code: "worker", message: message || "the page's worker failed", fanout: null };
  for (const resolve of waiting.values()) resolve({ failure });
  waiting.clear();
};

let lastId = 0;
function ask(url: string): Promise<Answer> {
  const message: ToWorker = { id: ++lastId, url };
  return new Promise((resolve) => {
    waiting.set(message.id, resolve);
    worker.postMessage(message);
  });
}

/** The last matrix that came, and the question that it answers. */
let held: Matrix | null = null;
let answered = "";
/** The question under way, and when all columns were last asked for. */
let asking = "";
let wholeAt = 0;
/** How far apart two clocks are before they are not taken for the same. */
const SKEW_MS = 30_000;
let timer = 0;

const question = () => `${series.value} ${rangeText(range.value)}`;

/** Asks now, unless the same question is under way already. */
export async function poll(): Promise<void> {
  const mine = question();
  if (asking === mine) return;
  asking = mine;
  clearTimeout(timer);
  const started = Date.now();
  loading.value = answered !== mine;
  // Another question has failed meanwhile, and the reader is back.
  if (held && answered === mine && !matrix.value) replaceMatrix(held);
  const answer = await fetchMatrix(mine);
  // Another series or range was chosen meanwhile: that question's answer is what counts.
  if (asking !== mine) return;
  asking = "";
  const assumed = ahead.value;
  take(mine, answer);
  // The range was reckoned by a clock that is wrong: what came is not what was meant.
  if (range.value.kind === "last" && Math.abs(ahead.value - assumed) > SKEW_MS) {
    wholeAt = 0;
    void poll();
  } else schedule(started);
}

async function fetchMatrix(mine: string): Promise<Answer> {
  const old = answered === mine && Date.now() - wholeAt < RECONCILE_MS ? matrix.value : null;
  const from = spliceFrom(old);
  if (old && from !== null) {
    const answer = await ask(matrixUrl({ ...bounds(), series: series.value, from }));
    if ("failure" in answer) return answer;
    // Under another configuration the old columns might be others, too.
    const same = answer.generation === generation.value;
    const joined = same ? splice(old, answer.matrix, bounds().from) : null;
    if (joined) return { ...answer, matrix: joined };
  }
  wholeAt = Date.now();
  return ask(matrixUrl({ ...bounds(), series: series.value }));
}

function bounds(): { from?: number; to?: number } {
  const asked = range.value;
  if (asked.kind === "all") return {};
  if (asked.kind === "span") return { from: asked.from, to: asked.to };
  return { from: Date.now() + ahead.value - asked.ms };
}

function take(mine: string, answer: Answer): void {
  batch(() => {
    loading.value = false;
    if ("failure" in answer) {
      failure.value = answer.failure;
      if (answer.failure.fanout) lastFanout.value = answer.failure.fanout;
      // A picture of something else must not stand under this heading.
      if (answered !== mine) matrix.value = null;
      return;
    }
    keep(answer.matrix);
    performance.clearMarks("keyviz-data");
    performance.mark("keyviz-data", { startTime: answer.arrivedAt - performance.timeOrigin });
    failure.value = null;
    lastFanout.value = answer.matrix.fanout;
    generation.value = answer.generation;
    answered = mine;
    lastQuestion.value = { series: series.value, range: range.value };
  });
}

function keep(fresh: Matrix): void {
  held = fresh;
  replaceMatrix(fresh);
  receivedAt.value = Date.now();
  const skew = fresh.generatedAt - Date.now();
  // Answers take their time: a small difference is that, not the clock.
  ahead.value = Math.abs(skew) > SKEW_MS ? skew : 0;
}

function schedule(started: number): void {
  clearTimeout(timer);
  if (refresh.value === 0 || document.hidden) return;
  timer = window.setTimeout(poll, Math.max(started + refresh.value * 1000 - Date.now(), 250));
}

/** Polls from now on: at once for every new question, and whenever the page comes back into sight. */
export function startPolling(): void {
  effect(() => {
    question();
    // What a poll itself looks at must not bring about another.
    void untracked(poll);
  });
  effect(() => {
    refresh.value;
    if (!asking) untracked(() => schedule(Date.now()));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (refresh.value > 0) void poll();
  });
}
