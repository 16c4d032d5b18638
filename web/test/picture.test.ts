import { describe, expect, test } from "vitest";
import { codeOf, histogram } from "../src/data/codes";
import { decode } from "../src/data/decode";
import { cellAt, drawnFor } from "../src/picture/hit";
import { Pyramid, pool, stepFor, stepsFor } from "../src/picture/pool";
import { RAMPS, ramp } from "../src/picture/ramps";
import { legendValues, placeOf, SCALES, scaleOf, valueAt } from "../src/picture/scale";
import { box, cellsBetween, clamp, isWhole, pan, placeOfTime, reveal, timeAt, whole, zoom } from "../src/picture/view";
import { toView, toZoom } from "../src/picture/zoomref";
import { DEFAULTS, read, write } from "../src/state/url";
import { answer, random } from "./fixtures";

describe("a colour ramp", () => {
  test.each(RAMPS)("%s grows lighter with every step", (name) => {
    const colours = ramp(name);
    const linear = (byte: number) =>
      byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = (step: number) =>
      0.2126 * linear(colours[step * 3]) +
      0.7152 * linear(colours[step * 3 + 1]) +
      0.0722 * linear(colours[step * 3 + 2]);
    for (let step = 4; step < 256; step += 4) expect(luminance(step)).toBeGreaterThan(luminance(step - 4));
    expect(luminance(255) - luminance(0)).toBeGreaterThan(0.6);
  });
});

describe("a colour scale", () => {
  const values = Float64Array.from({ length: 3000 }, (_, i) => Math.floor(i ** 3 / 100));
  const codes = Uint16Array.from(values, codeOf);
  const make = (name: (typeof SCALES)[number], brightness = 0) =>
    scaleOf(name, Math.max(...codes), histogram(codes), brightness);

  test.each(SCALES)("%s shows more as hotter, zero as nothing and the largest as the hottest", (name) => {
    const { steps } = make(name);
    for (let i = 1; i < codes.length; i++) expect(steps[codes[i]]).toBeGreaterThanOrEqual(steps[codes[i - 1]]);
    expect(steps[0]).toBe(0);
    expect(steps[codeOf(1)]).toBeGreaterThan(20);
    expect(steps[codes[codes.length - 1]]).toBe(255);
  });

  test.each(SCALES)("%s finds the value of each place on its legend", (name) => {
    const scale = make(name);
    for (const place of [0.2, 0.5, 0.9, 1]) expect(placeOf(scale, valueAt(scale, place))).toBeGreaterThanOrEqual(place);
    const shown = legendValues(name, scale, false);
    expect(shown[0]).toBe(0);
    expect(shown.at(-1)).toBe(scale.max);
    expect([...shown].sort((a, b) => a - b)).toEqual(shown);
  });

  test("quantile gives as many cells to each half", () => {
    const scale = make("quantile");
    const half = scale.steps[codes[Math.floor(codes.length / 2)]];
    expect(half).toBeGreaterThan(140);
    expect(half).toBeLessThan(155);
  });

  test("is brighter where it is told to be", () => {
    const middle = codes[1500];
    expect(make("log", 0.5).steps[middle]).toBeGreaterThan(make("log").steps[middle]);
    expect(make("log", -0.5).steps[middle]).toBeLessThan(make("log").steps[middle]);
  });

  test("of nothing at all has a legend too", () => {
    for (const name of SCALES) {
      const scale = scaleOf(name, 0, new Uint32Array(65536), 0);
      expect(scale.steps[0]).toBe(0);
      expect(legendValues(name, scale, false)).toEqual([0]);
    }
  });
});

describe("pooling", () => {
  test("keeps the largest of each block, as a slow search finds it", () => {
    const next = random(9);
    for (let round = 0; round < 40; round++) {
      const [rows, columns] = [1 + Math.floor(next() * 20), 1 + Math.floor(next() * 20)];
      const [rowStep, columnStep] = [2 ** Math.floor(next() * 4), 2 ** Math.floor(next() * 4)];
      const codes = Uint16Array.from({ length: rows * columns }, () => Math.floor(next() * 1000));
      const pooled = pool(codes, rows, columns, rowStep, columnStep);
      for (let r = 0; r < pooled.rows; r++) {
        for (let c = 0; c < pooled.columns; c++) {
          let most = 0;
          for (let y = r * rowStep; y < Math.min((r + 1) * rowStep, rows); y++)
            for (let x = c * columnStep; x < Math.min((c + 1) * columnStep, columns); x++)
              most = Math.max(most, codes[y * columns + x]);
          expect(pooled.codes[r * pooled.columns + c]).toBe(most);
        }
      }
    }
  });

  test("from a pooled copy is pooling from the cells", () => {
    const next = random(10);
    const codes = Uint16Array.from({ length: 37 * 53 }, () => Math.floor(next() * 1000));
    const pyramid = new Pyramid(codes, 37, 53);
    for (const [rowStep, columnStep] of [
      [2, 2],
      [2, 4],
      [4, 8],
      [16, 16],
      [1, 32],
    ]) {
      expect(pyramid.level({ rowStep, columnStep })).toEqual(pool(codes, 37, 53, rowStep, columnStep));
    }
  });

  test("leaves no cell narrower than a pixel", () => {
    expect([stepFor(1440, 1440), stepFor(1440, 1000), stepFor(1440, 100), stepFor(5, 1000)]).toEqual([1, 2, 16, 1]);
  });
});

describe("the view", () => {
  const extent = { columns: 100, rows: 40 };

  test("never leaves the matrix, whatever is done to it", () => {
    const next = random(11);
    let view = whole(extent);
    for (let i = 0; i < 2000; i++) {
      const [a, b, c, d] = [next(), next(), next(), next()];
      if (i % 3 === 0) view = zoom(view, extent, a, b, 2 ** (c * 4 - 2), 2 ** (d * 4 - 2));
      else if (i % 3 === 1) view = pan(view, extent, a * 4 - 2, b * 4 - 2);
      else view = box(view, extent, a, b, c, d);
      expect(view.x0).toBeGreaterThanOrEqual(0);
      expect(view.y0).toBeGreaterThanOrEqual(0);
      expect(view.x1).toBeLessThanOrEqual(100 + 1e-9);
      expect(view.y1).toBeLessThanOrEqual(40 + 1e-9);
      expect(view.x1 - view.x0).toBeGreaterThan(2.9);
      expect(view.y1 - view.y0).toBeGreaterThan(2.9);
      if (i % 50 === 0) view = whole(extent);
    }
  });

  test("keeps what is under the pointer when it zooms", () => {
    const view = { x0: 20, x1: 60, y0: 10, y1: 30 };
    const closer = zoom(view, extent, 0.25, 0.5, 2);
    expect(closer.x0 + 0.25 * (closer.x1 - closer.x0)).toBeCloseTo(30);
    expect(closer.y0 + 0.5 * (closer.y1 - closer.y0)).toBeCloseTo(20);
    expect(closer.x1 - closer.x0).toBeCloseTo(20);
  });

  test("is whole again when zoomed out far enough", () => {
    expect(isWhole(zoom({ x0: 50, x1: 60, y0: 0, y1: 4 }, extent, 0.9, 0.1, 0.01), extent)).toBe(true);
  });

  test("keeps its span where it is pushed against an edge", () => {
    expect(pan({ x0: 80, x1: 95, y0: 0, y1: 40 }, extent, 5, 0)).toMatchObject({ x0: 85, x1: 100 });
    expect(clamp({ x0: -10, x1: 5, y0: 0, y1: 40 }, extent)).toMatchObject({ x0: 0, x1: 15 });
  });

  test("follows the cursor no further than it has to", () => {
    const view = { x0: 10, x1: 20, y0: 5, y1: 15 };
    expect(reveal(view, extent, 7, 12)).toBe(view);
    expect(reveal(view, extent, 15, 9)).toEqual({ x0: 9, x1: 19, y0: 6, y1: 16 });
  });
});

describe("the cells of a view", () => {
  test("are those that one can see, if only in part", () => {
    expect(cellsBetween(2.5, 7.5, 20)).toEqual([2, 8]);
    expect(cellsBetween(2, 7, 20)).toEqual([2, 7]);
    expect(cellsBetween(2.999, 7.001, 20)).toEqual([3, 7]);
    expect(cellsBetween(0.3, 1439.7, 1440)).toEqual([0, 1440]);
    expect(cellsBetween(0, 0, 0)).toEqual([0, 0]);
  });
});

describe("a point of the plot", () => {
  test("is in a cell, or beyond them all", () => {
    const extent = { columns: 100, rows: 40 };
    const view = { x0: 10, x1: 20, y0: 5.5, y1: 15.5 };
    expect(cellAt(view, extent, 0, 0)).toEqual({ row: 5, column: 10 });
    expect(cellAt(view, extent, 0.999, 0.999)).toEqual({ row: 15, column: 19 });
    expect(cellAt(view, extent, 1, 0.5)).toBeNull();
    expect(cellAt(view, extent, -0.1, 0.5)).toBeNull();
    expect(cellAt(whole({ columns: 0, rows: 0 }), { columns: 0, rows: 0 }, 0.5, 0.5)).toBeNull();
  });

  test("shows the cell that its pixel has the colour of, as a slow search finds it", () => {
    const next = random(7);
    const [rows, columns] = [41, 67];
    const codes = Uint16Array.from({ length: rows * columns }, () => Math.floor(next() * 12));
    const at = (row: number, column: number) => codes[row * columns + column];
    for (const [w, h] of [
      [100, 100],
      [20, 41],
      [9, 5],
    ]) {
      const steps = stepsFor(whole({ rows, columns }), w, h);
      const { codes: drawn, columns: width } = pool(codes, rows, columns, steps.rowStep, steps.columnStep);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const cell = drawnFor({ row, column }, { rows, columns }, steps, at);
          const [down, across] = [Math.floor(row / steps.rowStep), Math.floor(column / steps.columnStep)];
          expect(at(cell.row, cell.column)).toBe(drawn[down * width + across]);
          expect([Math.floor(cell.row / steps.rowStep), Math.floor(cell.column / steps.columnStep)]).toEqual([
            down,
            across,
          ]);
        }
      }
    }
  });

  test("stays on the cell pointed at where no other is larger", () => {
    const pointed = { row: 5, column: 6 };
    expect(drawnFor(pointed, { rows: 8, columns: 8 }, { rowStep: 4, columnStep: 4 }, () => 3)).toBe(pointed);
  });
});

describe("places in time", () => {
  const columns = Float64Array.from([100, 110, 120, 160, 170]);

  test("and times are each other's inverse", () => {
    for (let x = 0; x <= 5; x += 0.125) expect(placeOfTime(columns, 10, timeAt(columns, 10, x))).toBeCloseTo(x);
  });

  test("lie at the next column where time is missing", () => {
    expect(placeOfTime(columns, 10, 140)).toBe(3);
    expect([placeOfTime(columns, 10, 0), placeOfTime(columns, 10, 999)]).toEqual([0, 5]);
  });

  test("do not overlap where columns are closer than a step", () => {
    const uneven = Float64Array.from([100, 103, 110, 111]);
    for (let x = 0; x <= 4; x += 0.25) expect(placeOfTime(uneven, 10, timeAt(uneven, 10, x))).toBeCloseTo(x);
  });
});

describe("a zoom", () => {
  const rows = (ids: string[], width: number) =>
    ids.map((id) => ({ bucket_id: id, start: btoa(id), values: Array(width).fill(1) }));
  const at = (ids: string[], columns: number[]) => decode(answer(columns, rows(ids, columns.length), { step_ms: 10 }));
  const all = (ids: string[]) => Uint32Array.from(ids.keys());
  const before = ["a", "b", "c", "d", "e"];
  const matrix = at(before, [10, 20, 30, 40, 50, 60]);
  const view = { x0: 1.5, x1: 4.5, y0: 1, y1: 4 };
  const made = toZoom(view, matrix, all(before));

  test("stays on the same times and rows when others come and go", () => {
    const after = ["a", "aa", "b", "c", "d", "e"];
    expect(toView(made, at(after, [20, 30, 40, 50, 60, 70]), all(after))).toEqual({ x0: 0.5, x1: 3.5, y0: 2, y1: 5 });
  });

  test("of everything is none, so that it grows with the matrix", () => {
    expect(toZoom(whole({ columns: 6, rows: 5 }), matrix, all(before))).toEqual({});
  });

  test("comes back from an address, in the middle of a row too", () => {
    const cut = { x0: 1.5, x1: 4.5, y0: 0.25, y1: 3.75 };
    const { zoom } = read(write({ ...DEFAULTS, zoom: toZoom(cut, matrix, all(before)) }));
    expect(toView(zoom, matrix, all(before))).toEqual(cut);
  });

  test("shows all rows once those it was made of are gone", () => {
    expect(toView(made, at(["x", "y"], [10, 20, 30, 40, 50, 60]), all(["x", "y"]))).toMatchObject({ y0: 0, y1: 2 });
  });
});
