// Colours and pictures.
import type { Page } from "playwright-core";

/** How light a colour is, 0 … 1. */
export function luminance([red, green, blue]: number[]): number {
  const linear = (channel: number) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

export interface Decoded {
  width: number;
  height: number;
  /** How many pixels have each colour, as `r,g,b`. */
  colours: Record<string, number>;
}

/** What is in a PNG, by the browser's own decoder. */
export function decode(page: Page, png: Buffer): Promise<Decoded> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const colours: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`;
      colours[colour] = (colours[colour] ?? 0) + 1;
    }
    return { width, height, colours };
  }, png.toString("base64"));
}
