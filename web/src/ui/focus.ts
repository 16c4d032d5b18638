/** Where the focus goes when what had it is gone. */

import type { Ref } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * The box to put around what comes and goes: it takes over the focus of what a rendering takes away in it. The document
 * would have it otherwise, and whoever uses the keyboard would begin anew at the top of the page.
 */
export function useKeptFocus<T extends HTMLElement>(): Ref<T> {
  const box = useRef<T>(null);
  const within = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (within && document.activeElement === document.body) box.current?.focus();
  });
  return box;
}
