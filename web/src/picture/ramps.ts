/**
 * Colour ramps that rise steadily in lightness, so that they read the same with any colour vision and in grey.
 * Seventeen samples each, straight lines between them: nowhere more than 7 of 255 off the originals.
 */

export type RampName = "viridis" | "inferno" | "cividis";

const SAMPLES: Record<RampName, string> = {
  viridis: "44015448186a472d7b4240863b528b33638d2c728e26828e21918c1fa08828ae803fbc735ec96284d44baddc30d8e219fde725",
  inferno: "0000040b0724210c4a3d096557106e71196e8a226aa32c61bc3754d24644e45a31f1731df98e09fcac11f9cb35f2ea69fcffa4",
  cividis: "002051012b6511366c26426e3c4d6e51586e62646f7270717f7c758c88779a9478a9a177bbaf71cebd68e2cb5cf3da4ffdea45",
};

export const RAMPS = Object.keys(SAMPLES) as RampName[];

/** Red, green and blue of 256 steps, dark to light. */
export function ramp(name: RampName): Uint8Array {
  const hex = SAMPLES[name];
  const last = hex.length / 6 - 1;
  const sample = (index: number, channel: number) =>
    Number.parseInt(hex.slice(index * 6 + channel * 2, index * 6 + channel * 2 + 2), 16);
  const out = new Uint8Array(256 * 3);
  for (let step = 0; step < 256; step++) {
    const left = Math.min(Math.floor((step / 255) * last), last - 1);
    const share = (step / 255) * last - left;
    for (let c = 0; c < 3; c++) {
      out[step * 3 + c] = Math.round(sample(left, c) * (1 - share) + sample(left + 1, c) * share);
    }
  }
  return out;
}

/** No traffic at all: darker and greyer than the least of any ramp. */
export const QUIET = [16, 16, 22] as const;

/** The ramp as a lookup table of pixels, in the byte order of `ImageData`; step 0 is `QUIET`. */
export function lookup(name: RampName): Uint32Array {
  const colours = ramp(name);
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let step = 0; step < 256; step++) {
    bytes.set(colours.subarray(step * 3, step * 3 + 3), step * 4);
    bytes[step * 4 + 3] = 255;
  }
  bytes.set(QUIET);
  return new Uint32Array(bytes.buffer);
}
