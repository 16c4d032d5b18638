/** Fetches and decodes off the main thread, so that 20 MB of JSON cost no frame. */

import { Decoder } from "./decode";
import type { Matrix } from "./matrix";
import type { Answer, FromWorker, ToWorker } from "./request";
import { failureOf } from "./request";

/** The worker's own scope; the DOM's types describe a window. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}

const scope = self as unknown as Scope;

scope.onmessage = async ({ data }) => {
  const answer = await ask(data.url);
  scope.postMessage({ id: data.id, answer }, "matrix" in answer ? buffers(answer.matrix) : []);
};

/** Longer than `fanout.timeout` can be: only a connection that has died is given up. */
const LONGEST_MS = 330_000;

async function ask(url: string): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(LONGEST_MS);
    const asked = fetch(url, { headers: { accept: "application/json" }, cache: "no-store", signal });
    const response = await asked.catch(unreachable);
    if (response.status !== 200)
      return { failure: failureOf(response.status, await response.text().catch(unreachable)) };
    // Generations begin anew with each process.
    const generation = ["x-keyviz-instance", "x-keyviz-config-generation"]
      .map((name) => response.headers.get(name))
      .join();
    return { ...(await read(response)), generation };
  } catch (error) {
    const [status, code] = error instanceof Unreachable ? [0, ""] : [-1, "decode"];
    return { failure: { status, code, message: String((error as Error).message ?? error), fanout: null } };
  }
}

/** Decodes a body while it arrives. */
async function read({ body }: Response): Promise<{ matrix: Matrix; arrivedAt: number }> {
  const decoder = new Decoder();
  const reader = body?.getReader();
  let arrivedAt = 0;
  try {
    for (;;) {
      const part = await reader?.read().catch(unreachable);
      arrivedAt = performance.timeOrigin + performance.now();
      if (!part || part.done) return { matrix: decoder.finish(), arrivedAt };
      decoder.push(part.value);
    }
  } finally {
    // The rest of what can't be read need not travel.
    void reader?.cancel().catch(() => {});
  }
}

/** The connection failed, not what came over it. */
class Unreachable extends Error {}

function unreachable(error: unknown): never {
  throw new Unreachable(String((error as Error).message ?? error));
}

function buffers(matrix: Matrix): ArrayBuffer[] {
  const { columns, values, codes, groups, terms, conflicts, columnNodes } = matrix;
  return [columns, values, codes, groups?.cells, terms?.cells, conflicts, columnNodes].flatMap((array) =>
    array ? [array.buffer as ArrayBuffer] : [],
  );
}
