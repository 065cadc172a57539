// A central inside the tests' own process, behind a real listener.

import {
  Central,
  type CentralOptions,
  Credentials,
  FileStore,
  TlsCertificate,
} from "../../server.ts";
import type { BatchWriter } from "../../storage/mod.ts";
import { CapturedLog } from "./captured_log.ts";
import { PEM } from "./certificates.ts";
import { testInFolder } from "./folder.ts";
import { agencyFrame, Type } from "./frames.ts";
import { Wire } from "./wire.ts";

/** The log line for an agency that waits for the draw. */
export const WAITS = "action: consulta_ganadores | result: in_progress";

export interface ServedOptions extends Partial<Omit<CentralOptions, "tls">> {
  /** Agencies in the draw. @default {0} */
  drawAgencies?: number;
  /** Whether it speaks TLS. @default {false} */
  tls?: boolean;
  /** Each agency's token; none for a central without credentials. */
  tokens?: Readonly<Record<number, string>>;
  /** Wraps the central's store. */
  wrapStore?: (store: FileStore) => FileStore;
}

/** A central that serves. */
export interface Served {
  port: number;
  /** Its store's file. */
  storeFile: string;
  /** Its file of credentials. */
  credentialsFile: string;
  /** What it has logged. */
  log: CapturedLog;
  /** Stops it like SIGTERM does. */
  stop(): Promise<void>;
}

/**
 * Registers a test that gets a central on a free port with a store of its own,
 * both stopped at its end.
 */
export function testServed(
  name: string,
  fn: (served: Served) => Promise<void>,
  options: ServedOptions = {},
): void {
  testInFolder(name, async (dir) => {
    const { wrapStore = (store) => store, drawAgencies = 0, tls, tokens } =
      options;
    const log = CapturedLog.start();
    const storeFile = `${dir}/bets.csv`;
    const credentialsFile = `${dir}/credentials.csv`;
    await using store = await FileStore.open(storeFile, { drawAgencies });
    if (tokens) await writeCredentials(credentialsFile, tokens);
    using credentials = tokens && await Credentials.open(credentialsFile);
    using certificate = tls
      ? await TlsCertificate.open({
        certificate: PEM.server,
        key: PEM.serverKey,
      })
      : undefined;
    await using central = listen(wrapStore(store), {
      ...options,
      tls: certificate,
      credentials,
    });
    const { port } = central;
    const stop = () => central.stop();
    await fn({ port, storeFile, credentialsFile, log, stop });
  }, ["net"]);
}

/** A store whose writers are wrapped. */
export function wrapWriters(
  store: FileStore,
  wrap: (writer: BatchWriter) => BatchWriter,
): FileStore {
  return new Proxy(store, {
    get(target, name): unknown {
      if (name === "writer") return () => wrap(target.writer());
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Starts a central on a free port. */
export function listen(
  store: FileStore,
  options: Partial<CentralOptions> = {},
): Central {
  return Central.listen(store, {
    hostname: "127.0.0.1",
    port: 0,
    maxConnections: 100,
    ...options,
  });
}

/**
 * Asks for the winners of some agencies, each on a connection of its own, and
 * waits until the central has taken every question.
 */
export async function askEarly(
  { port, log }: Pick<Served, "port" | "log">,
  agencies: readonly number[],
): Promise<Wire[]> {
  const asked = log.linesWith(WAITS).length;
  const wires = await Promise.all(agencies.map(async (agency) => {
    const wire = await Wire.connect(port);
    await wire.send(agencyFrame(Type.WINNERS_QUERY, agency));
    return wire;
  }));
  await log.line(WAITS, asked + wires.length);
  return wires;
}

/** Writes a file of credentials. */
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
