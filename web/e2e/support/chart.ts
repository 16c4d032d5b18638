// The heat map as a person has it who points at it, and its pixels.
import type { Locator, Page } from "playwright-core";

export interface Cell {
  row: number;
  column: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

export class Chart {
  readonly host: Locator;
  readonly #canvas: Locator;

  constructor(readonly page: Page) {
    this.host = page.getByRole("application", { name: /heat map/i });
    this.#canvas = this.host.locator("canvas");
  }

  /** Where the cells are while the whole matrix is in view: the middle of each, in pixels of the window. */
  async grid(): Promise<(cell: Cell) => Point> {
    await this.host.focus();
    await this.page.keyboard.press("ArrowUp");
    await this.page.keyboard.press("Home");
    for (let step = 0; step < 2; step++) await this.page.keyboard.press("Shift+ArrowUp");
    const first = await this.cursor();
    await this.page.keyboard.press("Escape");
    return ({ row, column }) => ({
      x: first.x + (column + 0.5) * first.width,
      y: first.y + (row + 0.5) * first.height,
    });
  }

  /** What is said of the cell under the cursor. */
  async spoken(): Promise<string> {
    return (await this.host.locator("[aria-live]").textContent()) ?? "";
  }

  /** All of it, with its axes, in pixels of the window. */
  box(): Promise<Box> {
    return boxOf(this.host);
  }

  /** The cell under the cursor, in pixels of the window. */
  cursor(): Promise<Box> {
    return boxOf(this.host.locator(".over-cursor"));
  }

  /** Red, green and blue of the picture at places of the window. */
  coloursAt(places: Point[]): Promise<number[][]> {
    return this.#canvas.evaluate((canvas: HTMLCanvasElement, places) => {
      const bounds = canvas.getBoundingClientRect();
      const ratio = canvas.width / bounds.width;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      return places.map(({ x, y }) => {
        const [left, top] = [(x - bounds.x) * ratio, (y - bounds.y) * ratio];
        return [...context.getImageData(Math.floor(left), Math.floor(top), 1, 1).data.slice(0, 3)];
      });
    }, places);
  }

  /** The pixels that have a colour, as places of the window. */
  pixelsOf(colour: number[]): Promise<Point[]> {
    return this.#canvas.evaluate((canvas: HTMLCanvasElement, [red, green, blue]) => {
      const bounds = canvas.getBoundingClientRect();
      const ratio = canvas.width / bounds.width;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const found: { x: number; y: number }[] = [];
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] !== red || data[at + 1] !== green || data[at + 2] !== blue) continue;
        const pixel = at / 4;
        const [left, top] = [pixel % canvas.width, Math.floor(pixel / canvas.width)];
        found.push({ x: bounds.x + left / ratio, y: bounds.y + top / ratio });
      }
      return found;
    }, colour);
  }

  /** All of the picture, to compare, once it has come to rest: sums follow what is in view with a delay. */
  async settled(): Promise<string> {
    const pixels = () => this.#canvas.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    for (let before = await pixels(); ; ) {
      await this.page.waitForTimeout(400);
      const after = await pixels();
      if (after === before) return after;
      before = after;
    }
  }
}

async function boxOf(element: Locator): Promise<Box> {
  const box = await element.boundingBox();
  if (!box) throw new Error(`${element} is not to be seen`);
  return box;
}
