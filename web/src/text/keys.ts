/** Keys as text. They come as byte strings, one unit per byte. */

import type { Row } from "../data/matrix";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What can't be seen, or changes how its neighbours are: controls, formats, separators, private and unassigned. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/u;

const UNSAFE_EACH = new RegExp(UNSAFE, "gu");
/** What is written where there is no key. */
const UNBOUNDED = { start: "−∞", end: "+∞" };

const isPlain = (text: string) =>
  !UNSAFE.test(text) && !text.startsWith("0x") && text.trim() === text && !["-∞", "−∞", "+∞"].includes(text);

/**
 * Text where all of it can be printed, else `0x…`; text that looks like that, like no key at all, or like a bound that is
 * none is written so too, to be told apart.
 */
export function keyText(key: string): string {
  const bytes = Uint8Array.from(key, (c) => c.charCodeAt(0));
  try {
    const text = strict.decode(bytes);
    if (isPlain(text)) return text;
  } catch {
    // Not UTF-8: written as hex below.
  }
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Rows' start keys as text, which every frame writes at its axis. */
const starts = new WeakMap<Row, string>();

export function startText(row: Row): string {
  let text = starts.get(row);
  if (text === undefined) {
    text = row.start === "" ? UNBOUNDED.start : keyText(row.start);
    starts.set(row, text);
  }
  return text;
}

export const endText = (row: Row) => (row.end === "" ? UNBOUNDED.end : keyText(row.end));

export function rangeText(row: Row): string {
  return `${startText(row)} … ${endText(row)}`;
}

/** A label or the name of a bucket, of which nothing is hidden: what can't be seen is written as its code. */
export function nameText(name: string): string {
  return name.replace(UNSAFE_EACH, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

/** The middle left out: keys share their beginnings and differ at their ends, and both matter. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const head = Math.floor((length - 1) * 0.4);
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - (length - 1 - head)).join("")}`;
}

export interface Found {
  /** Indices. */
  rows: Uint32Array;
  /** No row is named by it: these are those that such a key would lie in. */
  around: boolean;
}

/**
 * The rows that a search names. `bucket:`, `label:` and `key:` look there alone; without, a row is found by any of
 * them. A key is searched as a prefix (`0x…` for bytes); where no row begins with it, the row it would lie in is found.
 */
export function findRows(rows: Row[], query: string): Found {
  const all = Uint32Array.from(rows, (_, index) => index);
  const [, field, word] = /^(?:(key|bucket|label):)?(.*)$/s.exec(query.trim()) ?? [];
  if (!word) return { rows: all, around: false };
  const { first, begins } = prefix(word);
  const lower = word.toLowerCase();
  const found = all.filter((index) => {
    const { id, label, start } = rows[index];
    if (field !== "key" && field !== "label" && id.toLowerCase().includes(lower)) return true;
    if (field !== "key" && field !== "bucket" && label.toLowerCase().includes(lower)) return true;
    return (!field || field === "key") && begins(start);
  });
  if (found.length > 0 || (field && field !== "key")) return { rows: found, around: false };
  const holds = ({ start, end }: Row) => start <= first && (end === "" || first < end);
  return { rows: all.filter((index) => holds(rows[index])), around: true };
}

/** Bytes in hex may end in the middle of one, as they do while they are typed. */
const HEX = /^0x((?:[0-9a-f]{2})*)([0-9a-f]?)$/i;

interface Prefix {
  /** The first key that begins with it. */
  first: string;
  begins(key: string): boolean;
}

function prefix(text: string): Prefix {
  const [, pairs, half] = HEX.exec(text) ?? [];
  const bytes =
    pairs === undefined
      ? new TextEncoder().encode(text)
      : (pairs.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const whole = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (!half) return { first: whole, begins: (key) => key.startsWith(whole) };
  const high = Number.parseInt(half, 16);
  return {
    first: whole + String.fromCharCode(high << 4),
    begins: (key) => key.length > whole.length && key.startsWith(whole) && key.charCodeAt(whole.length) >> 4 === high,
  };
}
