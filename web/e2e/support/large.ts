// As much as a node sends: a day of minutes for 1,024 rows.
import type { Counted, Row } from "./node";
import { MINUTE } from "./sample";

const ROWS = 1024;
const COLUMNS = 1440;
const HOT_ROW = 700;
const HOT_COLUMN = 911;

const key = (row: number) => `tenant-${String(row).padStart(4, "0")}|`;

/** Start of the row with the one hot cell. */
export const HOT = key(HOT_ROW);

/** A wave of traffic that wanders through the rows, some noise, and one cell of a million. */
export function large(): Counted {
  const last = Math.floor(Date.now() / MINUTE) * MINUTE;
  const columns = Array.from({ length: COLUMNS }, (_, index) => last - (COLUMNS - 1 - index) * MINUTE);
  const rows = Array.from(
    { length: ROWS },
    (_, row): Row => ({
      bucket_id: `route:${row + 1}`,
      start: key(row),
      ...(row + 1 < ROWS && { end: key(row + 1) }),
      values: columns.map((_, column) => count(row, column)),
      group: 1 + (row % 5),
    }),
  );
  return { columns, rows };
}

function count(row: number, column: number): number {
  if (row === HOT_ROW && column === HOT_COLUMN) return 1_000_000;
  const crest = ROWS / 2 + 300 * Math.sin((column / COLUMNS) * 2 * Math.PI);
  const wave = 4000 * Math.exp(-(((row - crest) / 40) ** 2));
  // Always the same noise.
  const noise = ((row * 2_654_435_761 + column * 40_503) >>> 7) % 23;
  return Math.floor(wave) + (noise > 15 ? noise : 0);
}
