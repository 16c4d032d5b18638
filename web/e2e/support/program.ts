// The program under test, as processes that the tests start and stop.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The debug binary that `cargo test` has built, unless the environment names another. */
const BINARY =
  process.env.KEYVIZ_FANOUT ?? fileURLToPath(new URL("../../../target/debug/keyviz-fanout", import.meta.url));

/** Far beyond what a start takes on a busy machine, in milliseconds. */
const PATIENCE = 30_000;

export interface Running {
  /** Where it serves, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface Daemon extends Running {
  /** Writes the configuration file anew. */
  edit(toml: string): void;
}

/** A simulated cluster and the daemon over it. */
export function startDemo(seed = 1): Promise<Running> {
  return start(
    ["demo", "--seed", `${seed}`, "--listen", "127.0.0.1:0"],
    "stdout",
    /Open\s+(http:\S+)\/admin\/keyviz\//,
  );
}

/** A daemon over a configuration file of its own, on a port of its own. */
export async function startDaemon(toml: string, listen = "127.0.0.1:0"): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), "keyviz-e2e-"));
  const file = join(folder, "config.toml");
  const edit = (text: string) => writeFileSync(file, `server.listen = "${listen}"\n${text}`);
  edit(toml);
  const running = await start(["run", "--config", file], "stderr", /listening on (http:\/\/[^,\s]+)/);
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: running.url, edit, stop };
}

async function start(args: string[], stream: "stdout" | "stderr", ready: RegExp): Promise<Running> {
  const { RUST_LOG: _, ...env } = process.env;
  const child = spawn(BINARY, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await said(child, stream, ready, `keyviz-fanout ${args[0]}`);
  return {
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function said(child: Child, stream: "stdout" | "stderr", pattern: RegExp, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => reject(new Error(`${what} ${why}\n${output}`));
    const timer = setTimeout(() => fail("said nothing of where it serves"), PATIENCE);
    child.once("error", (error) => fail(`does not start (build it with \`cargo build\`): ${error.message}`));
    child.once("close", (code) => fail(`ended with ${code}`));
    for (const source of [child.stdout, child.stderr]) {
      source.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const found = source === child[stream] && pattern.exec(output);
        if (found) {
          clearTimeout(timer);
          resolve(found[1]);
        }
      });
    }
  });
}
