// A small cluster whose every count a test can name.
import { type Counted, Node, type Row } from "./node";
import { type Daemon, startDaemon } from "./program";

export const MINUTE = 60_000;
export const COLUMNS = 12;

/** What the cluster counts, by row and minute; each of its two nodes has half of it. */
const COUNTS: Record<string, (minute: number) => number> = {
  accounts: (minute) => minute,
  orders: (minute) => (minute === 5 ? 100_000 : 10),
  sessions: () => 0,
  users: (minute) => 2 ** minute,
};

export const KEYS = Object.keys(COUNTS);

/** The ends of the last whole minutes but one: the last itself could end while a test runs. */
export function minutes(now = Date.now()): number[] {
  const last = Math.floor(now / MINUTE) * MINUTE;
  return Array.from({ length: COLUMNS }, (_, index) => last - (COLUMNS - 1 - index) * MINUTE);
}

/** A node's half. Its windows end `phase` milliseconds before the cluster's columns do, as on a real cluster. */
export function half(columns: number[], phase: number): Counted {
  const row = (key: string, index: number): Row => ({
    bucket_id: `route:${index + 1}`,
    label: `${key}-table`,
    start: `${key}|`,
    ...(KEYS[index + 1] && { end: `${KEYS[index + 1]}|` }),
    values: columns.map((_, minute) => share(COUNTS[key](minute), phase)),
    group: index + 1,
  });
  return { columns: columns.map((column) => column - phase), rows: KEYS.map(row) };
}

const share = (count: number, phase: number) => (phase === 0 ? Math.ceil(count / 2) : Math.floor(count / 2));

export interface Cluster {
  readonly nodes: Node[];
  readonly daemon: Daemon;
  /** The ends of the merged columns. */
  readonly columns: number[];
  stop(): Promise<void>;
}

/** For a machine that has other things to do: no node that is up is left out for being slow. */
export const PATIENT = 'fanout.timeout = "20s"\n';

/** Two nodes and a daemon that lets everybody read. */
export async function startCluster(extra = ""): Promise<Cluster> {
  const columns = minutes();
  const nodes = [await Node.start("n1", half(columns, 0)), await Node.start("n2", half(columns, 20_000))];
  const daemon = await startDaemon(configuration(nodes, extra));
  const stop = async () => {
    await Promise.all([daemon.stop(), ...nodes.map((node) => node.stop())]);
  };
  return { nodes, daemon, columns, stop };
}

export function configuration(nodes: Node[], extra = "", auth = "none"): string {
  const peers = nodes.map(({ address }) => `"${address}"`).join(", ");
  return `auth.mode = "${auth}"\nfanout.peers = [${peers}]\n${extra}`;
}
