/** Small parts that everything else is made of. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren, Ref } from "preact";

interface Choice<T> {
  value: T;
  text: string;
  title?: string;
}

/** A few choices side by side: radio buttons, with all that the keyboard does with those. */
export function Segmented<T extends string>({
  name,
  legend,
  choices,
  chosen,
}: {
  name: string;
  legend: string;
  choices: Choice<T>[];
  chosen: Signal<T>;
}) {
  return (
    <fieldset class="segmented">
      <legend class="sr-only">{legend}</legend>
      {choices.map(({ value, text, title }) => (
        <label key={value} title={title}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={chosen.value === value}
            onChange={() => {
              chosen.value = value;
            }}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Select<T extends string>({
  label,
  choices,
  value,
  onChange,
  hideLabel,
}: {
  label: string;
  choices: Choice<T>[];
  value: T;
  onChange: (value: T) => void;
  hideLabel?: boolean;
}) {
  return (
    <label class="field">
      <span class={hideLabel ? "sr-only" : "field-label"}>{label}</span>
      <select
        value={value}
        onChange={(event) => {
          const chosen = event.currentTarget.value as T;
          // What was chosen may only open a dialog: the page decides what is selected.
          event.currentTarget.value = value;
          onChange(chosen);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Card({
  title,
  aside,
  children,
  label,
  box,
}: {
  title: string;
  /** See `useKeptFocus`. */
  box?: Ref<HTMLElement>;
  aside?: ComponentChildren;
  children: ComponentChildren;
  label?: string;
}) {
  return (
    <section class="card" aria-label={label ?? title} {...(box && { ref: box, tabIndex: -1 })}>
      <header class="card-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A wide table on a narrow screen: with nothing in it to focus, it has to take the focus itself to be scrolled by keys. */
export function ScrollBox({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <section class="table-box" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** As much of a text from elsewhere as is shown unasked: two or three lines. */
const LONG = 180;

/** A text that somebody else has made, and made as long as they liked. */
export function LongText({ text }: { text: string }) {
  const characters = [...text];
  if (characters.length <= LONG) return <span class="long">{text}</span>;
  return (
    <details class="long">
      <summary>
        {characters.slice(0, LONG).join("")}
        <span class="long-more">… more</span>
      </summary>
      {characters.slice(LONG).join("")}
    </details>
  );
}

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  link: "M7 9l2-2M6 6L4.5 7.5a2.5 2.5 0 003.5 3.5L9.5 9.5M6.5 6.5L8 5a2.5 2.5 0 013.5 3.5L10 10",
  down: "M8 3v7M5 7.5L8 10.5l3-3M3 13h10",
  refresh: "M13 8a5 5 0 11-1.5-3.6M13 2.5V5h-2.5",
  search: "M7 11.5a4.5 4.5 0 110-9 4.5 4.5 0 010 9zM10.5 10.5L14 14",
  warn: "M8 2.5L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  text,
  disabled,
}: {
  icon: keyof typeof PATHS;
  label: string;
  onClick: () => void;
  text?: string;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      class={`button ${text ? "" : "button-icon"}`}
      aria-label={text ? undefined : label}
      title={label}
      onClick={() => {
        if (!disabled) onClick();
      }}
      // Unlike `disabled` it leaves the focus where it is.
      aria-disabled={disabled}
    >
      <Icon name={icon} />
      {text && <span>{text}</span>}
    </button>
  );
}
