// Runs inside the page, before anything of it: notes what the figures are made of.

/** What the page did, in milliseconds of its own clock. */
export interface Probe {
  /** When a decoded matrix came from the worker. */
  received: number[];
  /** When the chart had been drawn; known a little later. */
  drawn: number[];
  /** Time spent in the page's own animation frames since it was last asked. */
  takeWork(): number;
  /** The browser's own, which counts as nobody's work. */
  nextFrame(): Promise<void>;
  /** Bytes of all canvases that there are. */
  canvasBytes(): number;
}

/** Put into the page as text: it may use nothing from outside. */
export function install(): void {
  const native = window.requestAnimationFrame.bind(window);
  let work = 0;
  window.requestAnimationFrame = (callback) =>
    native((time) => {
      const begin = performance.now();
      callback(time);
      work += performance.now() - begin;
    });

  // In the document or not: what is drawn from counts too.
  const canvases = new Set<WeakRef<HTMLCanvasElement>>();
  const context = HTMLCanvasElement.prototype.getContext;
  const seen = new WeakSet<HTMLCanvasElement>();
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...how: unknown[]) {
    if (!seen.has(this)) canvases.add(new WeakRef(this));
    seen.add(this);
    return Reflect.apply(context, this, how) as null;
  };

  const probe: Probe = {
    received: [],
    drawn: [],
    takeWork: () => {
      const taken = work;
      work = 0;
      return taken;
    },
    nextFrame: () => new Promise((resolve) => native(() => resolve())),
    canvasBytes: () =>
      [...canvases].reduce((sum, canvas) => sum + 4 * (canvas.deref()?.width ?? 0) * (canvas.deref()?.height ?? 0), 0),
  };
  Reflect.set(window, "probe", probe);
  new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntriesByName("keyviz-frame")) probe.drawn.push(startTime);
  }).observe({ type: "mark" });

  window.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener("message", () => probe.received.push(performance.now()));
    }
  };
}
