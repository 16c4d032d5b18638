/** From a count's code to a step of the colour ramp. */

import { ticks } from "d3-array";
import { CODES, codeOf, countOf } from "../data/codes";

export type ScaleName = "log" | "linear" | "quantile";
export const SCALES: readonly ScaleName[] = ["log", "linear", "quantile"];

/** The step of the least traffic: what is not zero has to look so. */
const FAINTEST = 40;

export interface Scale {
  /** Step of each code, 0 for zero, 255 for `max`. */
  steps: Uint8Array;
  max: number;
}

/**
 * @param counts how many cells have each code; only `quantile` looks at it
 * @param brightness −1 … 1: below 0 only the hottest stand out, above 0 what is faint does too
 */
export function scaleOf(name: ScaleName, largestCode: number, counts: Uint32Array, brightness: number): Scale {
  const max = countOf(largestCode);
  const steps = new Uint8Array(CODES);
  const gamma = 2 ** (-2 * brightness);
  const place = places[name](max, largestCode, counts);
  for (let code = 1; code <= largestCode; code++) {
    steps[code] = Math.round(FAINTEST + (255 - FAINTEST) * place(code) ** gamma);
  }
  steps.fill(255, Math.max(largestCode, 1));
  return { steps, max };
}

type Place = (code: number) => number;

const places: Record<ScaleName, (max: number, largestCode: number, counts: Uint32Array) => Place> = {
  linear: (max) => (code) => Math.min(1, countOf(code) / max),
  log: (max) => {
    const whole = Math.log1p(max);
    return (code) => Math.min(1, Math.log1p(countOf(code)) / whole);
  },
  quantile: (_, largestCode, counts) => {
    const below = new Float64Array(largestCode + 2);
    for (let code = 1; code <= largestCode; code++) below[code + 1] = below[code] + counts[code];
    const before = below[largestCode] || 1;
    return (code) => Math.min(1, below[code] / before);
  },
};

/** The legend's 256 steps as an image of one row; below the faintest there is only zero. */
export function legendImage(colours: Uint32Array, { steps }: Scale): ImageData {
  const image = new ImageData(256, 1);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.set(colours);
  pixels.fill(colours[0], 0, Math.max(steps[1] - 1, 1));
  return image;
}

/** Where on the legend a value stands, 0 … 1. */
export function placeOf(scale: Scale, value: number): number {
  return scale.steps[codeOf(value)] / 255;
}

/** The least count that is shown at a place of the legend. */
export function valueAt(scale: Scale, place: number): number {
  const step = Math.ceil(place * 255);
  const top = codeOf(scale.max);
  for (let low = 0, high = top; ; ) {
    if (low >= high) return Math.ceil(countOf(low));
    const middle = (low + high) >> 1;
    if (scale.steps[middle] >= step) high = middle;
    else low = middle + 1;
  }
}

/**
 * Values to write at the legend: zero, the largest, and what is round or evenly spread between. Bytes are round where
 * their units are (`1 KiB`), not by tens.
 */
export function legendValues(name: ScaleName, scale: Scale, isBytes: boolean): number[] {
  const { max } = scale;
  if (max <= 0) return [0];
  if (name === "linear") {
    const unit = isBytes ? 1024 ** Math.floor(Math.log(max) / Math.log(1024)) : 1;
    const round = ticks(0, max / unit, 4).map((value) => value * unit);
    return [...round.filter((value) => value < max), max];
  }
  if (name === "quantile") return [0, ...[0.25, 0.5, 0.75].map((place) => valueAt(scale, place)), max];
  const values = [0];
  for (let round = 1; round < max / 2; round *= isBytes ? 32 : 10) values.push(round);
  return [...values, max];
}
