/** What the colours mean, in real counts, and how they are dealt out. */

import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { RampName } from "../picture/ramps";
import { RAMPS } from "../picture/ramps";
import type { ScaleName } from "../picture/scale";
import { legendImage, legendValues, placeOf } from "../picture/scale";
import * as store from "../state/store";
import { amount, isBytes, noun, span } from "../text/numbers";
import { Segmented, Select } from "./parts";

const SCALE_CHOICES: { value: ScaleName; text: string; title: string }[] = [
  { value: "log", text: "Log", title: "Each colour step is a multiple of the one before: faint and hot both show" },
  { value: "linear", text: "Linear", title: "Twice the traffic, twice as far up: only what is really hot shows" },
  { value: "quantile", text: "Quantile", title: "As many cells in each colour: every difference shows" },
];
const RAMP_CHOICES = RAMPS.map((value) => ({ value, text: value[0].toUpperCase() + value.slice(1) }));

export function Legend() {
  const { brightness } = store;
  return (
    <div class="legend">
      <Ramp />
      <Signs />
      <div class="legend-controls">
        <Segmented name="scale" legend="Colour scale" choices={SCALE_CHOICES} chosen={store.scaleName} />
        <label class="field">
          <span class="field-label">Brightness</span>
          <input
            type="range"
            min="-1"
            max="1"
            step="0.1"
            value={brightness.value}
            onInput={(event) => {
              brightness.value = Number(event.currentTarget.value);
            }}
          />
        </label>
        <Select<RampName>
          label="Colours"
          choices={RAMP_CHOICES}
          value={store.rampName.value}
          onChange={(value) => {
            store.rampName.value = value;
          }}
        />
      </div>
    </div>
  );
}

/** What the marks on the picture mean, as long as there are any. */
function Signs() {
  const conflict = store.conflicts.value.length > 0;
  const short = store.hasShortColumns.value;
  const missing = store.missing.value;
  if (!conflict && !short && missing === 0) return null;
  return (
    <ul class="signs">
      {conflict && (
        <li>
          <span class="swatch swatch-conflict" aria-hidden="true" />
          conflict
        </li>
      )}
      {short && (
        <li>
          <span class="swatch swatch-short" aria-hidden="true" />
          not all nodes
        </li>
      )}
      {missing > 0 && (
        <li>
          <span class="swatch swatch-hole" aria-hidden="true" />
          no windows for {span(missing)}
        </li>
      )}
    </ul>
  );
}

/** The ramp itself. Values that would be written over each other are left out, the ends never. */
function Ramp() {
  const bar = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    const context = bar.current?.getContext("2d");
    if (!context) return;
    context.putImageData(legendImage(store.colours.value, store.scale.value), 0, 0);
  });
  // While another series is on its way, this is still the picture of the last.
  const series = store.matrix.value?.series ?? store.series.value;
  const values = legendValues(store.scaleName.value, store.scale.value, isBytes(series));
  const marks = spread(
    values.map((value) => ({ value, place: placeOf(store.scale.value, value), text: amount(series, value) })),
  );
  return (
    <figure
      class="ramp"
      aria-label={`Colours from 0 to ${amount(series, store.scale.value.max)} ${noun(series)} per window`}
    >
      <figcaption>{store.unit.value}</figcaption>
      <canvas ref={bar} width={256} height={1} />
      <div class="ramp-values" aria-hidden="true">
        {marks.map(({ place, text }) => (
          <RampValue key={place} place={place} text={text} />
        ))}
      </div>
    </figure>
  );
}

function RampValue({ place, text }: { place: number; text: string }) {
  // Through the element: the content security policy refuses a style attribute in markup.
  const put = (element: HTMLSpanElement | null) => {
    if (element) element.style.left = `${place * 100}%`;
  };
  return (
    <span ref={put} class={place < 0.04 ? "ramp-first" : place > 0.96 ? "ramp-last" : ""}>
      {text}
    </span>
  );
}

interface Mark {
  value: number;
  place: number;
  text: string;
}

/** The marks that have room beside each other on a ramp of 200 pixels, the narrowest there is. */
function spread(marks: Mark[]): Mark[] {
  const last = marks.at(-1);
  if (!last) return [];
  const half = ({ text }: Mark) => (text.length * 6.5) / 400 + 0.015;
  const end = last.place - 2 * half(last);
  const kept: Mark[] = [];
  let free = -1;
  for (const mark of marks.slice(0, -1)) {
    if (mark.place - half(mark) < free || mark.place + half(mark) > end) continue;
    kept.push(mark);
    free = Math.max(mark.place, half(mark)) + half(mark);
  }
  return [...kept, last];
}
