/**
 * Counts as sixteen bits that keep their order: the exponent and ten bits of the mantissa of the double, so 1,024
 * codes per doubling. 0 stays 0, every whole number to 2,048 has a code of its own, and all of u64 fits. Comparing,
 * pooling and colouring need no more than that, and a scale becomes a table of 65,536 entries.
 */

const BITS = 10;
const BASE = (1023 << BITS) - 1;
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

export const CODES = 65536;

export function codeOf(value: number): number {
  if (!(value >= 1)) return 0;
  double[0] = value;
  return Math.min((words[1] >>> (20 - BITS)) - BASE, CODES - 1);
}

/** The smallest value of a code: exact to 2,048, within 0.1% above. */
export function countOf(code: number): number {
  if (code === 0) return 0;
  const exponent = (code - 1) >> BITS;
  return 2 ** exponent * (1 + ((code - 1) & ((1 << BITS) - 1)) / (1 << BITS));
}

/** Puts the codes of `values` into `codes`, from one cell up to another, the last excluded. Returns the largest value. */
export function encode(values: Float64Array, codes: Uint16Array, from: number, to: number): number {
  let most = 0;
  const high = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = from; i < to; i++) {
    const word = high[2 * i + 1];
    // Below 1 there is only 0: counts are whole.
    codes[i] = word === 0 ? 0 : Math.min((word >>> (20 - BITS)) - BASE, CODES - 1);
    if (values[i] > most) most = values[i];
  }
  return most;
}

/** How many cells have each code. */
export function histogram(codes: Uint16Array): Uint32Array {
  const counts = new Uint32Array(CODES);
  for (let i = 0; i < codes.length; i++) counts[codes[i]]++;
  return counts;
}
