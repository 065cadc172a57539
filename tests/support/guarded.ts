/**
 * A central inside the tests' own process that asks for tokens.
 *
 * @module
 */

import { Credentials } from "../../central/credentials.ts";
import { Statistics } from "../../central/statistics.ts";
import { readIdentity } from "../../net/tls.ts";
import { TlsServer } from "../../net/tls_server.ts";
import { Central, type CentralOptions } from "../../server.ts";
import { FileStore } from "../../storage.ts";
import { CapturedLog } from "./captured_log.ts";
import { PEM } from "./certificates.ts";
import { testInFolder } from "./folder.ts";
import { testWith } from "./permissions.ts";

/** Options of {@linkcode testGuarded}. */
export interface GuardedOptions extends Partial<Omit<CentralOptions, "tls">> {
  /** Agencies in the draw. @default {0} */
  drawAgencies?: number;
  /** Whether it speaks TLS. @default {false} */
  tls?: boolean;
  /** Each agency's token; none for a central without credentials. */
  tokens?: Readonly<Record<number, string>>;
}

/** A central that serves. */
export interface Guarded {
  /** Its port on this machine. */
  port: number;
  /** Its store's file. */
  storeFile: string;
  /** Its file of credentials. */
  credentialsFile: string;
  /** What it has logged. */
  log: CapturedLog;
}

/**
 * Registers a test that gets a central on a free port.
 *
 * @param name Name of the test.
 * @param options Who may send, and how.
 * @param fn The test.
 */
export function testGuarded(
  name: string,
  options: GuardedOptions,
  fn: (guarded: Guarded) => Promise<void>,
): void {
  const { state } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted") return testWith(["net"], name, () => {});
  testInFolder(name, async (dir) => {
    const { tls = false, tokens, drawAgencies = 0, ...limits } = options;
    const log = CapturedLog.start();
    const storeFile = `${dir}/bets.csv`;
    const credentialsFile = `${dir}/credentials.csv`;
    const store = await FileStore.open(storeFile, { drawAgencies });
    const running: { central?: Central } = {};
    if (tokens) await writeCredentials(credentialsFile, tokens);
    using credentials = tokens && await Credentials.open(
      credentialsFile,
      (agencies) => running.central?.revoke(agencies),
    );
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const central = new Central(listener, store, {
      maxConnections: 100,
      idleTimeoutMs: 60_000,
      statistics: new Statistics(),
      tls: tls ? await tlsServer() : undefined,
      credentials,
      ...limits,
    });
    running.central = central;
    const serving = central.serve();
    try {
      const { port } = listener.addr;
      await fn({ port, storeFile, credentialsFile, log });
    } finally {
      await central.stop();
      await serving;
      await store.close();
    }
  });
}

async function tlsServer(): Promise<TlsServer> {
  const files = { certificate: PEM.server, key: PEM.serverKey };
  return new TlsServer(await readIdentity(files));
}

/**
 * Writes a file of credentials.
 *
 * @param file The file.
 * @param tokens Each agency's token.
 */
export async function writeCredentials(
  file: string,
  tokens: Readonly<Record<number, string>>,
): Promise<void> {
  const lines = await Promise.all(
    Object.entries(tokens).map(async ([agency, token]) => {
      const bytes = new TextEncoder().encode(token);
      const hash = await crypto.subtle.digest("SHA-256", bytes);
      return `${agency},${new Uint8Array(hash).toHex()}\n`;
    }),
  );
  await Deno.writeTextFile(file, lines.join(""));
}
