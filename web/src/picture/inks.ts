/** The style sheet's colours, for the canvas. */

const NAMES = ["text", "muted", "line", "surface", "accent", "amber", "bar", "bar-hot"] as const;
export type Inks = Record<(typeof NAMES)[number], string> & { font: string };

/** Computed colours, as the theme has them at this moment. */
export function readInks(host: HTMLElement): Inks {
  const probe = document.createElement("span");
  probe.style.setProperty("forced-color-adjust", "none");
  host.append(probe);
  const inks = {} as Inks;
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    inks[name] = getComputedStyle(probe).color;
  }
  inks.font = getComputedStyle(host).fontFamily;
  probe.remove();
  return inks;
}
