// A node of the cluster that says what a test wants it to say (the peers' protocol, WIRE).
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Series = "reads" | "writes" | "read_bytes" | "write_bytes";

/** A row as a node sends it. */
export interface Row {
  bucket_id: string;
  label?: string;
  /** The key's text; sent as base64. */
  start: string;
  /** None: unbounded. */
  end?: string;
  values: (number | string)[];
  group?: number;
  term?: number;
  route_count?: number;
}

/** What a node has counted; the same in every series. */
export interface Counted {
  columns: number[];
  rows: Row[];
}

/** An answer that is not a matrix. */
export interface Refusal {
  status: number;
  code: string;
  message: string;
}

export class Node {
  counted: Counted;
  refusal: Refusal | undefined;
  /** Queries of the matrix so far. */
  readonly asked: URLSearchParams[] = [];
  #server: Server | undefined;
  #port = 0;

  private constructor(
    readonly id: string,
    counted: Counted,
  ) {
    this.counted = counted;
  }

  static async start(id: string, counted: Counted): Promise<Node> {
    const node = new Node(id, counted);
    await node.resume();
    return node;
  }

  /** host:port, as in `fanout.peers`. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Closes the port; whoever calls is refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** Opens the same port again. */
  async resume(): Promise<void> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://node");
      const { status, body } = this.#answer(url);
      response.writeHead(status, { "Content-Type": "application/json", Connection: "close" }).end(body);
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #answer(url: URL): { status: number; body: string } {
    switch (url.pathname) {
      case "/admin/api/v1/cluster":
        return { status: 200, body: JSON.stringify({ node_id: this.id, groups: [] }) };
      case "/admin/healthz":
        return { status: 200, body: "ok\n" };
      case "/admin/api/v1/keyviz/matrix":
        this.asked.push(url.searchParams);
        return this.refusal ? refused(this.refusal) : { status: 200, body: this.#matrix(url.searchParams) };
      default:
        return { status: 404, body: "{}" };
    }
  }

  #matrix(query: URLSearchParams): string {
    const from = Number(query.get("from_unix_ms") || 0);
    const to = Number(query.get("to_unix_ms") || 0) || Number.POSITIVE_INFINITY;
    const { columns, rows } = this.counted;
    const first = columns.findIndex((column) => column >= from && column < to);
    const kept = columns.filter((column) => column >= from && column < to);
    const cut = (row: Row) => encode(row, first < 0 ? [] : row.values.slice(first, first + kept.length));
    const head = { column_unix_ms: kept, series: query.get("series"), generated_at: new Date().toISOString() };
    // By hand, since a count of 64 bits is more than a number of JavaScript holds.
    return `${JSON.stringify(head).slice(0, -1)},"rows":[${rows.map(cut).join(",")}]}`;
  }
}

function refused({ status, code, message }: Refusal) {
  return { status, body: JSON.stringify({ error: code, message }) };
}

function encode(row: Row, values: (number | string)[]): string {
  const { bucket_id, label, group = 1, term = 7, route_count = 1 } = row;
  const base64 = (key: string | undefined) => (key ? Buffer.from(key, "latin1").toString("base64") : null);
  const meta = { bucket_id, label, start: base64(row.start), end: base64(row.end), aggregate: false, route_count };
  const constant = (value: number) => `[${values.map(() => value).join(",")}]`;
  const arrays = `"values":[${values.join(",")}],"raft_group_ids":${constant(group)},"leader_terms":${constant(term)}`;
  return `${JSON.stringify(meta).slice(0, -1)},${arrays}}`;
}
