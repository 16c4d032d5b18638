/** One row over time, on a linear scale from zero. */

import type { Matrix } from "../data/matrix";
import { windowMs } from "../data/matrix";
import { holes, runs, shortColumns } from "../picture/marks";
import { clockZone } from "../state/prefs";
import * as store from "../state/store";
import { amount } from "../text/numbers";
import { timeAmong } from "../text/times";

const WIDTH = 320;
const HEIGHT = 72;

export function History({ row, column }: { row: number; column: number }) {
  const matrix = store.matrix.value;
  if (!matrix || matrix.columns.length === 0) return null;
  const { columns, series, values } = matrix;
  const width = columns.length;
  const cells = values.subarray(row * width, (row + 1) * width);
  const most = cells.reduce((a, b) => Math.max(a, b), 0);
  const x = (at: number) => (at / width) * WIDTH;
  const { from, to } = store.stats.value?.window ?? { from: 0, to: width };
  const utc = clockZone.value === "utc";
  const ends = [columns[0] - (windowMs(matrix) ?? 0), columns[width - 1]];
  return (
    <figure class="history" aria-label={`The row over time, at most ${amount(series, most)} in a window`}>
      <figcaption>
        <span>Row over time</span>
        {store.hasShortColumns.value && <span class="history-note">amber: not all nodes</span>}
        <span class="muted">max {amount(series, most)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="history-window" x={x(from)} width={x(to - from)} height={HEIGHT} />
        <path class="history-area" d={area(cells, most)} />
        <Marks matrix={matrix} row={row} />
        {column >= 0 && (
          <rect class="history-mark" x={Math.min(x(column), WIDTH - 1.5)} width={Math.max(x(1), 1.5)} height={HEIGHT} />
        )}
      </svg>
      <div class="history-times" aria-hidden="true">
        {ends.map((end) => (
          <span key={end}>{timeAmong(ends, end, utc)}</span>
        ))}
      </div>
    </figure>
  );
}

/** What marks the picture's cells and columns marks them here. */
function Marks({ matrix, row }: { matrix: Matrix; row: number }) {
  const { columns, conflicts } = matrix;
  const width = columns.length;
  const x = (at: number) => (at / width) * WIDTH;
  return (
    <>
      {conflicts &&
        runs(width, (at) => conflicts[row * width + at] === 1).map(([a, b]) => (
          <rect class="history-conflict" key={a} x={x(a)} width={Math.max(x(b - a), 2)} y={HEIGHT - 5} height={5} />
        ))}
      {shortColumns(matrix).map(([a, b]) => (
        <rect class="history-short" key={a} x={x(a)} width={Math.max(x(b - a), 1.5)} height={4} />
      ))}
      {holes(matrix).map(({ column }) => (
        <path class="history-hole" key={column} d={`M${x(column)} 0V${HEIGHT}`} vector-effect="non-scaling-stroke" />
      ))}
    </>
  );
}

/** Steps, not slopes: a window is flat. Where there are more windows than pixels, the largest of each few. */
function area(cells: Float64Array, most: number): string {
  const every = Math.ceil(cells.length / WIDTH);
  let path = `M0 ${HEIGHT}`;
  for (let low = 0; low < cells.length; low += every) {
    let tallest = 0;
    for (let at = low; at < Math.min(low + every, cells.length); at++) tallest = Math.max(tallest, cells[at]);
    const y = most > 0 ? (HEIGHT - 2) * (1 - tallest / most) + 2 : HEIGHT;
    const from = (low / cells.length) * WIDTH;
    const to = (Math.min(low + every, cells.length) / cells.length) * WIDTH;
    path += `L${from.toFixed(1)} ${y.toFixed(1)}L${to.toFixed(1)} ${y.toFixed(1)}`;
  }
  return `${path}L${WIDTH} ${HEIGHT}Z`;
}
