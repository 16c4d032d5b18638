/** The reader's own settings, which stay with the browser and are no part of a link. */

import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export const REFRESH = [0, 5, 10, 30, 60] as const;

export const theme = signal<Theme>(stored("theme", ["system", "light", "dark"]));
export const clockZone = signal<"local" | "utc">(stored("zone", ["local", "utc"]));
/** Seconds between polls, 0 for never. */
export const refresh = signal(Number(stored("refresh", ["10", "0", "5", "30", "60"])));

/** The stored value, if it is among those that may be; else the first of them. */
function stored<T extends string>(name: string, among: readonly T[]): T {
  try {
    const value = localStorage.getItem(`keyviz.${name}`);
    return among.find((one) => one === value) ?? among[0];
  } catch {
    return among[0];
  }
}

/** Keeps every change, as far as the browser lets it, and has the document follow the theme. */
export function keepPreferences(): void {
  const keep = (name: string, value: string) => {
    try {
      localStorage.setItem(`keyviz.${name}`, value);
    } catch {
      // A browser that stores nothing forgets: no reason to fail.
    }
  };
  effect(() => keep("zone", clockZone.value));
  effect(() => keep("refresh", String(refresh.value)));
  effect(() => {
    keep("theme", theme.value);
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}
