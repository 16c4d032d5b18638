/** Asks the daemon, again and again, and puts what it says into the store. */

import { batch, effect, untracked } from "@preact/signals";
import type { Matrix, Series } from "../data/matrix";
import type { Answer } from "../data/request";
import { matrixUrl, OVERDUE } from "../data/request";
import { splice, spliceFrom } from "../data/splice";
import { askUntilAnswered, hurry } from "./patience";
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
import type { Range } from "./url";
import { rangeText } from "./url";

/** After this long all columns are asked for again, in case an old one has changed unseen. */
const RECONCILE_MS = 600_000;

/** What is asked for as it was when it was asked: the reader may choose anew, and back again, before the answer is here. */
interface Question {
  series: Series;
  range: Range;
  text: string;
}

function question(): Question {
  return { series: series.value, range: range.value, text: `${series.value} ${rangeText(range.value)}` };
}

/** The last matrix that came, the question that it answers, and when all of its columns were last asked for. */
interface Held {
  matrix: Matrix;
  question: Question;
  wholeAt: number;
}

let held: Held | null = null;
/** The question under way. */
let asking: Question | null = null;
/** How far apart two clocks are before they are not taken for the same. */
const SKEW_MS = 30_000;
let timer = 0;

/** Asks now. Where the same question is under way already, it is asked once more only if its answer is overdue. */
export async function poll(): Promise<void> {
  const mine = question();
  if (asking?.text === mine.text) {
    if (failure.value === OVERDUE) hurry();
    return;
  }
  asking = mine;
  clearTimeout(timer);
  const started = Date.now();
  const before = held?.question.text === mine.text ? held : null;
  loading.value = !before;
  // Another question has failed meanwhile, and the reader is back.
  if (before && !matrix.value) replaceMatrix(before.matrix);
  const { answer, wholeAt } = await fetchMatrix(mine, before);
  // Something else was chosen meanwhile, if only for a moment: the question asked since is the one that counts.
  if (asking !== mine) return;
  asking = null;
  const assumed = ahead.value;
  take(mine, answer, wholeAt);
  // The range was reckoned by a clock that is wrong: what came is not what was meant.
  if (held && mine.range.kind === "last" && Math.abs(ahead.value - assumed) > SKEW_MS) {
    held.wholeAt = 0;
    void poll();
  } else schedule(started);
}

/** The newest columns spliced onto those from before, where that can be done; else all of them. */
async function fetchMatrix(mine: Question, before: Held | null): Promise<{ answer: Answer; wholeAt: number }> {
  const overdue = () => {
    if (asking !== mine) return false;
    failure.value = OVERDUE;
    return true;
  };
  const asked = { ...bounds(mine.range), series: mine.series };
  const old = before && Date.now() - before.wholeAt < RECONCILE_MS ? before : null;
  const from = old && spliceFrom(old.matrix);
  if (old && from !== null) {
    const answer = await askUntilAnswered(matrixUrl({ ...asked, from }), overdue);
    const { wholeAt } = old;
    if ("failure" in answer || asking !== mine) return { answer, wholeAt };
    // Under another configuration the old columns might be others, too.
    const same = answer.generation === generation.value;
    const joined = same ? splice(old.matrix, answer.matrix, asked.from) : null;
    if (joined) return { answer: { ...answer, matrix: joined }, wholeAt };
  }
  const wholeAt = Date.now();
  const answer = await askUntilAnswered(matrixUrl(asked), overdue);
  return { answer, wholeAt };
}

function bounds(asked: Range): { from?: number; to?: number } {
  if (asked.kind === "all") return {};
  if (asked.kind === "span") return { from: asked.from, to: asked.to };
  return { from: Date.now() + ahead.value - asked.ms };
}

function take(mine: Question, answer: Answer, wholeAt: number): void {
  batch(() => {
    loading.value = false;
    if ("failure" in answer) {
      failure.value = answer.failure;
      if (answer.failure.fanout) lastFanout.value = answer.failure.fanout;
      // A picture of something else must not stand under this heading.
      if (held?.question.text !== mine.text) matrix.value = null;
      return;
    }
    held = { matrix: answer.matrix, question: mine, wholeAt };
    show(answer.matrix);
    performance.clearMarks("keyviz-data");
    performance.mark("keyviz-data", { startTime: answer.arrivedAt - performance.timeOrigin });
    failure.value = null;
    lastFanout.value = answer.matrix.fanout;
    generation.value = answer.generation;
    lastQuestion.value = mine;
  });
}

function show(fresh: Matrix): void {
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
