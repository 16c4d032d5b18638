import { effect } from "@preact/signals";
import { render } from "preact";
import "./style/index.css";
import { followConfig } from "./state/config";
import { startPolling } from "./state/poll";
import { keepPreferences } from "./state/prefs";
import { fanoutIsOld, lastFanout, matrix, now, pageState, show } from "./state/store";
import type { PageState } from "./state/url";
import { read, write } from "./state/url";
import { App } from "./ui/app";

keepPreferences();
startPolling();
followConfig();
keepAddress();
keepTitle();
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);

const root = document.getElementById("app");
if (root) render(<App />, root);

/** Tabs of several hosts are told apart, and a degraded cluster is seen from another tab. */
function keepTitle(): void {
  effect(() => {
    const fanout = lastFanout.value;
    const short = fanout && !fanout.complete ? `${fanout.responded}/${fanout.expected} nodes · ` : "";
    const old = fanoutIsOld.value && matrix.value ? "stale · " : "";
    document.title = `${old}${short}Key Visualizer · ${location.host}`;
  });
}

/** The address follows the page, at a pace that browsers allow, and the page the address. */
function keepAddress(): void {
  let timer = 0;
  let pending: PageState | null = null;
  effect(() => {
    const state = pageState.value;
    clearTimeout(timer);
    // The way back leads to a view as it was left.
    if (pending && pending.view !== state.view) put(pending);
    pending = state;
    timer = window.setTimeout(() => {
      pending = null;
      put(state);
    }, 200);
  });
  addEventListener("hashchange", () => show(read(location.hash)));
}

function put(state: PageState): void {
  const hash = write(state);
  if (location.hash.slice(1) === hash) return;
  const address = hash ? `#${hash}` : location.pathname;
  // From one view the reader goes back to the other.
  if (read(location.hash).view === state.view) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}
