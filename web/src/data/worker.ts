/** Fetches and decodes off the main thread, so that 20 MB of JSON cost no frame. */

import { decode } from "./decode";
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
  const signal = AbortSignal.timeout(LONGEST_MS);
  let response: Response;
  let body: ArrayBuffer;
  try {
    response = await fetch(url, { headers: { accept: "application/json" }, cache: "no-store", signal });
    body = await response.arrayBuffer();
  } catch (error) {
    return { failure: { status: 0, code: "", message: String((error as Error).message ?? error), fanout: null } };
  }
  const arrivedAt = performance.timeOrigin + performance.now();
  const bytes = new Uint8Array(body);
  if (response.status !== 200) return { failure: failureOf(response.status, new TextDecoder().decode(bytes)) };
  try {
    return { matrix: decode(bytes), generation: response.headers.get("x-keyviz-config-generation") ?? "", arrivedAt };
  } catch (error) {
    return {
      failure: { status: -1, code: "decode", message: String((error as Error).message ?? error), fanout: null },
    };
  }
}

function buffers(matrix: Matrix): ArrayBuffer[] {
  const { columns, values, codes, groups, terms, conflicts, columnNodes } = matrix;
  return [columns, values, codes, groups?.cells, terms?.cells, conflicts, columnNodes].flatMap((array) =>
    array ? [array.buffer as ArrayBuffer] : [],
  );
}
