import { describe, expect, test } from "vitest";
import { codeOf, countOf, encode } from "../src/data/codes";
import { random } from "./fixtures";

describe("codes of counts", () => {
  test("are exact for small counts and near for large ones", () => {
    for (let value = 0; value <= 2048; value++) expect(countOf(codeOf(value))).toBe(value);
    const next = random(3);
    for (let i = 0; i < 2000; i++) {
      const value = Math.floor(2 ** (next() * 63.99));
      const back = countOf(codeOf(value));
      expect(back).toBeLessThanOrEqual(value);
      expect(back / value).toBeGreaterThan(0.999);
    }
  });

  test("keep the order of counts", () => {
    const next = random(4);
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [2 ** (next() * 64), 2 ** (next() * 64)].sort((x, y) => x - y);
      expect(codeOf(a)).toBeLessThanOrEqual(codeOf(b));
    }
  });

  test("have room for zero and for all of u64", () => {
    expect([codeOf(0), codeOf(1), codeOf(2 ** 64)]).toEqual([0, 1, 65535]);
  });

  test("of a stretch of an array are those of its values, and touch no others", () => {
    const next = random(5);
    const values = Float64Array.from({ length: 500 }, () => Math.floor(next() ** 9 * 2 ** 60));
    const codes = new Uint16Array(500).fill(9);
    const largest = encode(values, codes, 100, 400);
    expect(largest).toBe(Math.max(...values.subarray(100, 400)));
    expect([...codes.subarray(100, 400)]).toEqual([...values.subarray(100, 400)].map(codeOf));
    expect([codes[99], codes[400]]).toEqual([9, 9]);
  });
});
