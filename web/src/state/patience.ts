/** Asks the daemon through the worker, and asks again on another connection where no answer comes. */

import type { Answer, FromWorker, ToWorker } from "../data/request";
import { OVERDUE_MS } from "../data/request";

/** A browser has no more than six connections to a host. */
const MOST_ASKED = 5;

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

let endPause = () => {};

/** Gives up the wait before the same is asked once more. */
export function hurry(): void {
  endPause();
}

/**
 * Asks on one connection after another, each time after twice as long; the first answer counts. Whenever it is overdue, `overdue` says whether it is
 * still wanted.
 */
export async function askUntilAnswered(url: string, overdue: () => boolean): Promise<Answer> {
  const asked = [ask(url)];
  while (asked.length < MOST_ASKED) {
    const answer = await Promise.race([...asked, pause(OVERDUE_MS * 2 ** (asked.length - 1))]);
    if (answer) return answer;
    if (!overdue()) break;
    asked.push(ask(url));
  }
  return Promise.race(asked);
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => {
    const waiting = setTimeout(resolve, ms, null);
    endPause = () => {
      clearTimeout(waiting);
      resolve(null);
    };
  });
}

let lastId = 0;
function ask(url: string): Promise<Answer> {
  const message: ToWorker = { id: ++lastId, url };
  return new Promise((resolve) => {
    waiting.set(message.id, resolve);
    worker.postMessage(message);
  });
}
