/** The list of keys and gestures. */

import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "./parts";
import { helpOpen, SHORTCUTS } from "./shortcuts";

const GESTURES: [string, string][] = [
  ["Wheel, pinch", "zoom around the pointer; over an axis, that axis alone"],
  ["Drag", "move; where all is in view, select a box"],
  ["Shift + drag", "select a box to zoom into"],
  ["Double click", "show all"],
  ["Click", "pin a cell"],
];

const SIGNS: [string, string][] = [
  ["Hatched", "a conflict: two nodes disagree about the same writes, mostly around a change of leader"],
  ["Dimmed", "a column that not all nodes have yet; no fall in traffic"],
  ["Amber band", "how many nodes are in that column; the bars above it are amber too"],
  ["Amber notch", "over a dashed line: no node has windows of the time between the two columns"],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={dialog}
      class="dialog dialog-wide"
      aria-labelledby="help-title"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <header class="card-head">
        <h2 id="help-title">Keys, gestures and signs</h2>
        <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
      </header>
      <div class="help">
        <List rows={SHORTCUTS} title="Keyboard" />
        <List rows={GESTURES} title="Pointer" />
        <List rows={SIGNS} title="Signs" />
      </div>
    </dialog>
  );
}

function List({ rows, title }: { rows: [string, string][]; title: string }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
