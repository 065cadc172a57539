// A central inside the tests' own process that asks for tokens.

import {
  Central,
  type CentralOptions,
  Credentials,
  FileStore,
  TlsCertificate,
} from "../../server.ts";
import { CapturedLog } from "./captured_log.ts";
import { PEM } from "./certificates.ts";
import { testInFolder } from "./folder.ts";
import { testWith } from "./permissions.ts";

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
  port: number;
  /** Its store's file. */
  storeFile: string;
  /** Its file of credentials. */
  credentialsFile: string;
  /** What it has logged. */
  log: CapturedLog;
}

/** Registers a test that gets a central on a free port. */
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
    if (tokens) await writeCredentials(credentialsFile, tokens);
    using credentials = tokens && await Credentials.open(credentialsFile);
    using certificate = tls
      ? await TlsCertificate.open({
        certificate: PEM.server,
        key: PEM.serverKey,
      })
      : undefined;
    await using central = Central.listen(store, {
      hostname: "127.0.0.1",
      port: 0,
      maxConnections: 100,
      tls: certificate,
      credentials,
      ...limits,
    });
    try {
      await fn({ port: central.port, storeFile, credentialsFile, log });
    } finally {
      await central.stop();
      await store.close();
    }
  });
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
