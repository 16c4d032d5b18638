/**
 * An answer's bytes → `Matrix`, row by row while they arrive, so that little is left to do after the last. Fields come
 * in any order, and those that are not known are skipped.
 */

import { Cells } from "./cells";
import type { Fanout, Matrix, Series } from "./matrix";
import { takeRow } from "./rows";
import { Ends, Scanner } from "./scan";

/** Throws a `SyntaxError` that names the place, or the row and the field. */
export function decode(bytes: Uint8Array): Matrix {
  const decoder = new Decoder();
  decoder.push(bytes);
  return decoder.finish();
}

/** What comes next in the document. */
type Next = "{" | "field" | "after a field" | "row" | "after a row" | "nothing";

export class Decoder {
  private next: Next = "{";
  private readonly head: Record<string, unknown> = {};
  private columns: Float64Array | null = null;
  private columnNodes: Uint16Array | null = null;
  private cells: Cells | null = null;
  /** Rows that came before the columns which say how wide they are. */
  private early: Scanner | null = null;
  /** What is not decoded yet, its length, and how many bytes came before it. */
  private rest: Uint8Array[] = [];
  private held = 0;
  private offset = 0;
  /** How much has to be held before another attempt is worth it. */
  private enough = 1;

  /** Takes the next bytes. Throws as `decode` does. */
  push(chunk: Uint8Array): void {
    this.rest.push(chunk);
    this.held += chunk.length;
    if (this.held >= this.enough) this.advance(false);
  }

  /** After the last bytes. Throws as `decode` does. */
  finish(): Matrix {
    this.advance(true);
    const { head, columnNodes: nodes } = this;
    const columns = this.columns ?? new Float64Array(0);
    return {
      series: head.series as Series,
      columns,
      ...this.allCells(columns.length).finish(),
      columnNodes: nodes?.length === columns.length ? nodes : null,
      stepMs: typeof head.step_ms === "number" && head.step_ms > 0 ? head.step_ms : null,
      rowsDropped: typeof head.rows_dropped === "number" ? head.rows_dropped : 0,
      generatedAt: Date.parse(String(head.generated_at ?? "")),
      fanout: (head.fanout as Fanout | null | undefined) ?? null,
    };
  }

  private allCells(width: number): Cells {
    const cells = this.cells ?? new Cells(width);
    this.early?.array(() => takeRow(this.early as Scanner, cells));
    return cells;
  }

  /** Decodes all parts that are here as a whole. */
  private advance(last: boolean): void {
    const scanner = new Scanner(joined(this.rest, this.held), this.offset);
    let done = 0;
    try {
      while (this.next !== "nothing") {
        this.step(scanner);
        done = scanner.at;
      }
      scanner.end();
    } catch (error) {
      if (last || !(error instanceof Ends)) throw error;
    }
    this.rest = [scanner.bytes.subarray(done)];
    this.held -= done;
    this.offset += done;
    // By doubling: a part that comes in many pieces is not to be begun with each of them.
    this.enough = 2 * this.held + 1;
  }

  private step(scanner: Scanner): void {
    if (this.next === "{") this.next = scanner.openObject() ? "field" : "nothing";
    else if (this.next === "field") this.next = this.takeField(scanner) ? "row" : "after a field";
    else if (this.next === "after a field") this.next = scanner.moreFields() ? "field" : "nothing";
    else if (this.next === "after a row") this.next = scanner.moreItems() ? "row" : "after a field";
    else {
      takeRow(scanner, this.cells as Cells);
      this.next = "after a row";
    }
  }

  /** Takes a field; true if that has just begun and its rows come next. */
  private takeField(scanner: Scanner): boolean {
    const name = scanner.name();
    if (name === "column_unix_ms") this.columns = numbers(scanner);
    else if (name === "column_nodes") this.columnNodes = Uint16Array.from(numbers(scanner));
    else if (name !== "rows") this.head[name] = scanner.value();
    else if (this.columns) {
      this.cells = new Cells(this.columns.length);
      return scanner.openArray();
    } else this.early = scanner.cut();
    return false;
  }
}

function joined(parts: Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An array of unknown length: it is measured first. */
function numbers(scanner: Scanner): Float64Array {
  const { at } = scanner;
  const length = scanner.counts(new Float64Array(0), 0, 0);
  scanner.at = at;
  const list = new Float64Array(length);
  scanner.counts(list, 0, length);
  return list;
}
