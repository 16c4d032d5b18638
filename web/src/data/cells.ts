/** Cells of an answer that is still coming: arrays that grow by doubling. */

import { encode } from "./codes";
import type { Ids, Row } from "./matrix";
import { largestOf } from "./matrix";
import type { Scanner } from "./scan";

/** As many rows as an answer has that is not told otherwise. */
const USUAL_ROWS = 1024;
/** Beyond this many cells room is only made for what is there. */
const MOST_GUESSED = 1 << 21;

export class Cells {
  rows: Row[] = [];
  values: Float64Array;
  codes: Uint16Array;
  big = new Map<number, bigint>();
  groups = new IdCells();
  terms = new IdCells();
  conflicts: Uint8Array | null = null;
  private most = 0;

  constructor(readonly width: number) {
    // Room that is never written to costs no memory.
    const size = Math.min(width * USUAL_ROWS, MOST_GUESSED);
    this.values = new Float64Array(size);
    this.codes = new Uint16Array(size);
  }

  get capacity(): number {
    return this.values.length;
  }

  /** Room for one more row. */
  makeRoom(): void {
    const needed = (this.rows.length + 1) * this.width;
    if (needed <= this.capacity) return;
    const size = Math.max(needed, this.capacity * 2);
    this.values = grown(this.values, new Float64Array(size));
    this.codes = grown(this.codes, new Uint16Array(size));
    this.groups.grow(size);
    this.terms.grow(size);
    if (this.conflicts) this.conflicts = grown(this.conflicts, new Uint8Array(size));
  }

  /** The row whose cells have been put in place counts from now on. */
  add(row: Row): void {
    const base = this.rows.length * this.width;
    this.most = Math.max(this.most, encode(this.values, this.codes, base, base + this.width));
    this.rows.push(row);
  }

  /** What a matrix has of them; nothing may be added any more. */
  finish() {
    const size = this.rows.length * this.width;
    const values = fitted(this.values, size);
    return {
      rows: this.rows,
      values,
      largest: this.big.size > 0 ? largestOf(values, this.big) : this.most,
      codes: fitted(this.codes, size),
      big: this.big,
      groups: this.groups.finish(size),
      terms: this.terms.finish(size),
      conflicts: this.conflicts && fitted(this.conflicts, size),
    };
  }
}

type Numbers = Float64Array | Uint16Array | Uint8Array;

function grown<T extends Numbers>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** The part in use; where that is most of it, without a copy. */
function fitted<T extends Numbers>(array: T, size: number): T {
  return (size > array.length * 0.75 ? array.subarray(0, size) : array.slice(0, size)) as T;
}

/** The identity of cells as indices into the list of distinct ones. */
class IdCells {
  private cells: Uint16Array | null = null;
  /** Busy rows of one group have the same in every cell: rows by what was written, to be copied. */
  private taken = new Map<string, Uint16Array>();
  /** How often a row is still looked for there; idle cells have no identity, and no two such rows are the same. */
  private hopes = 16;
  private known = ["0"];
  private index = new Map<number | string, number>([[0, 0]]);

  grow(capacity: number): void {
    if (this.cells) this.cells = grown(this.cells, new Uint16Array(capacity));
  }

  /** Takes a row's array. Returns how long it is. */
  take(scanner: Scanner, base: number, width: number, capacity: number): number {
    this.cells ??= new Uint16Array(capacity);
    const text = this.hopes > 0 ? scanner.written() : "";
    const same = this.taken.get(text);
    if (same) {
      this.hopes++;
      this.cells.set(same, base);
      scanner.at += text.length;
      return width;
    }
    this.hopes--;
    const length = scanner.ids(this.cells, base, width, (id) => this.find(id));
    if (text && length === width) this.taken.set(text, this.cells.slice(base, base + width));
    return length;
  }

  finish(size: number): Ids | null {
    return this.cells && { cells: fitted(this.cells, size), known: this.known };
  }

  private find(id: number | string): number {
    let index = this.index.get(id);
    if (index === undefined) {
      // More identities than fit are shown as not known, which is what an index of 0 means.
      if (this.known.length > 0xffff) return 0;
      index = this.known.push(String(id)) - 1;
      this.index.set(id, index);
    }
    return index;
  }
}
