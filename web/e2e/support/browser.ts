// One Chromium for all tests, and pages in it that notice what a page of ours must never do.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** No sandbox since tests run as root too, and nothing that a browser does by itself on a network. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-color-profile=srgb",
];

export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? PLACES.find(existsSync);
  if (!executablePath) throw new Error("Chromium is not installed; name one by $CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page with what it did wrong: policy violations, exceptions, requests to other hosts, files that were not there. */
export interface Watched {
  readonly page: Page;
  readonly faults: string[];
}

const UTC: BrowserContextOptions = { locale: "en-GB", timezoneId: "UTC", viewport: { width: 1280, height: 800 } };

/** A page in a context of its own; `origin` is the one host it may ask. */
export async function open(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ ...UTC, ...options });
  // Less than a test has, so that a failure names what was waited for.
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  await page.exposeFunction("reportViolation", (what: string) => faults.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const report = Reflect.get(window, "reportViolation") as (what: string) => void;
      report(`${event.violatedDirective} forbids ${event.blockedURI}`);
    });
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // A failed request is the network's news, and shown by the page itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(`console: ${message.text()}`);
    }
  });
  context.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && !["data:", "blob:"].includes(protocol)) faults.push(`another host: ${request.url()}`);
  });
  context.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (response.status() >= 400 && !pathname.startsWith("/admin/api/"))
      faults.push(`${response.status()}: ${pathname}`);
  });
  return { page, faults };
}

/** Closes the page; it has done nothing wrong. */
export async function close({ page, faults }: Watched): Promise<void> {
  await page.context().close();
  expect(faults).toEqual([]);
}
