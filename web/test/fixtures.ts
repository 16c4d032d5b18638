/** Answers made for tests. */

export interface RowSpec {
  bucket_id: string;
  start?: string | null;
  values: (number | string)[];
  [field: string]: unknown;
}

/** An answer's JSON. Values may be given as text, so that they can have more digits than a double holds. */
export function answer(columns: number[], rows: RowSpec[] | null, more: Record<string, unknown> = {}): Uint8Array {
  const generated_at = "2026-11-23T00:00:00Z";
  return bytesOf({ column_unix_ms: columns, rows, series: "writes", generated_at, ...more });
}

/** JSON in which counts may be given as `big`. */
export function bytesOf(json: Record<string, unknown>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json).replace(/"#(\d+)"/g, "$1"));
}

/** A count with all its digits, for `answer`. */
export const big = (digits: string) => `#${digits}`;

/** Numbers that are the same in every run. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
