/** The page. */

import { useEffect, useRef } from "preact/hooks";
import { poll } from "../state/poll";
import type { Theme } from "../state/prefs";
import { clockZone, REFRESH, refresh, theme } from "../state/prefs";
import * as store from "../state/store";
import { zone } from "../text/times";
import { Banners } from "./banners";
import { Chart } from "./chart";
import { ConfigView } from "./configview";
import { Controls } from "./controls";
import { Freshness, Headline } from "./headline";
import { Help } from "./help";
import { Legend } from "./legend";
import { IconButton, Select } from "./parts";
import { helpOpen, watchShortcuts } from "./shortcuts";
import { Side } from "./side";
import { StateOfNothing } from "./states";
import { HotTable } from "./table";

export function App() {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => watchShortcuts(() => search.current), []);
  return (
    <>
      <TopBar />
      {store.view.value === "config" ? <ConfigView /> : <MapView search={search} />}
      <Help />
    </>
  );
}

function MapView({ search }: { search: { current: HTMLInputElement | null } }) {
  const nothing = StateOfNothing();
  const aged = store.matrix.value && (store.failure.value || store.loading.value);
  return (
    <main class="map">
      <Headline />
      <Banners />
      <Controls search={search} />
      <div class="stage">
        <section class={`card hero ${aged ? "hero-aged" : ""}`} aria-label="Heat map">
          {nothing ?? (
            <>
              <Chart />
              <Legend />
            </>
          )}
        </section>
        <Side />
        {!nothing && <HotTable />}
      </div>
    </main>
  );
}

const VIEWS = [
  { value: "map", text: "Heat map" },
  { value: "config", text: "Configuration" },
] as const;

function TopBar() {
  return (
    <header class="top">
      <h1>
        <Mark />
        Key Visualizer
      </h1>
      <nav aria-label="Views">
        {VIEWS.map(({ value, text }) => (
          <button
            key={value}
            type="button"
            class="tab"
            aria-current={store.view.value === value ? "page" : undefined}
            onClick={() => {
              store.view.value = value;
            }}
          >
            {text}
          </button>
        ))}
      </nav>
      <div class="top-right">
        <Freshness />
        <IconButton icon="refresh" label="Refresh now" onClick={() => void poll()} />
        <Select
          label="Refresh"
          hideLabel
          value={String(refresh.value)}
          choices={REFRESH.map((seconds) => ({
            value: String(seconds),
            text: seconds === 0 ? "Refresh off" : `Every ${seconds} s`,
          }))}
          onChange={(value) => {
            refresh.value = Number(value);
          }}
        />
        <Select<"local" | "utc">
          label="Times"
          hideLabel
          value={clockZone.value}
          choices={[
            { value: "local", text: `Local (${zone(false, Date.now())})` },
            { value: "utc", text: "UTC" },
          ]}
          onChange={(value) => {
            clockZone.value = value;
          }}
        />
        <Select<Theme>
          label="Theme"
          hideLabel
          value={theme.value}
          choices={[
            { value: "system", text: "System theme" },
            { value: "light", text: "Light" },
            { value: "dark", text: "Dark" },
          ]}
          onChange={(value) => {
            theme.value = value;
          }}
        />
        <button
          type="button"
          class="button button-icon"
          aria-label="Keys, gestures and signs (?)"
          title="Keys, gestures and signs (?)"
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}

/** The page's own sign: a small heat map. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      <path fill="#3b528b" d="M0 0h6v6H0zM14 14h6v6h-6z" />
      <path fill="#21918c" d="M7 0h6v6H7zM0 14h6v6H0z" />
      <path fill="#5ec962" d="M0 7h6v6H0zM7 14h6v6H7z" />
      <path fill="#e8c713" d="M7 7h13v6H7z" />
    </svg>
  );
}
