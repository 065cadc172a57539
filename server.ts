/**
 * The central: stores the bets of many agencies at once.
 *
 * @module
 */

import { Central, type CentralOptions } from "./central/central.ts";
import { Credentials } from "./central/credentials.ts";
import { Statistics } from "./central/statistics.ts";
import type { StatusServer } from "./central/status/status_server.ts";
import { listen, logPort, serveUntil } from "./net/tcp_server.ts";
import { readIdentity } from "./net/tls.ts";
import type { TlsServer } from "./net/tls_server.ts";
import type { Config } from "./program/config.ts";
import { messageOf, ProgramError } from "./program/errors.ts";
import { formatAction, getLogger } from "./program/logging.ts";
import { logServerConfig, runProgram } from "./program/program.ts";
import type { ProgramContext } from "./program/program.ts";
import {
  FileStore,
  type OnCommit,
  type StorageError,
  type Store,
  StoreHeldError,
} from "./storage.ts";

export { Central, type CentralOptions };

/** Opens the store of `store.url`; postgres/server.ts has one. */
export type OpenDatabase = (
  url: string,
  options: { drawAgencies: number; onCommit?: OnCommit | undefined },
) => Promise<Store>;

const LOOPBACK_REGEXP = /^(?:127\.|::1$|localhost$)/;

/**
 * Runs the central, as `deno task server` does.
 *
 * @param context The configuration, and the signal that stops it.
 * @param openDatabase Opens a database, if this program can.
 * @returns The exit code.
 * @throws {ProgramError} If it cannot start, or loses its store.
 */
export async function runCentral(
  { config, signal }: ProgramContext,
  openDatabase?: OpenDatabase,
): Promise<number> {
  logServerConfig(config);
  const tls = await prepareTls(config);
  let central: Central | undefined;
  using credentials = await openCredentials(
    config,
    (agencies) => central?.revoke(agencies),
  );
  warnOfPlainTokens(config);
  const statistics = new Statistics();
  await using status = await startStatus(config, statistics);
  const store = await openStore(config, statistics, openDatabase);
  try {
    central = createCentral(config, store, { tls, credentials, statistics });
    status?.show(store, central, signal);
    const loss = await serve(signal, central, store);
    if (loss) throw new ProgramError(loss.message, { cause: loss });
  } finally {
    await store.close();
    getLogger().info(formatAction("close_store", "success"));
  }
  return 0;
}

/** Starts the status page, if configured. Otherwise its code is not loaded. */
async function startStatus(
  config: Config,
  statistics: Statistics,
): Promise<StatusServer | undefined> {
  const port = config["status.port"];
  if (port === 0) return undefined;
  const { StatusServer } = await import("./central/status/status_server.ts");
  const address = { hostname: config["status.host"], port };
  return await StatusServer.start(address, statistics);
}

async function prepareTls(config: Config): Promise<TlsServer | undefined> {
  const certificate = config["tls.certificate"];
  const key = config["tls.key"];
  if (certificate === "" && key === "") return undefined;
  if (certificate === "" || key === "") {
    throw new ProgramError(
      `Cannot use TLS: ${
        certificate === "" ? "tls.certificate" : "tls.key"
      } is not set, expected both or none`,
    );
  }
  const identity = await readIdentity({ certificate, key });
  const { TlsServer } = await import("./net/tls_server.ts");
  return new TlsServer(identity);
}

async function openCredentials(
  config: Config,
  onRevoked: (agencies: ReadonlySet<number>) => void,
): Promise<Credentials | undefined> {
  const path = config["server.credentials"];
  if (path === "") return undefined;
  const credentials = await Credentials.open(path, onRevoked);
  getLogger().info(
    formatAction("credentials", "success", { agencies: credentials.size }),
  );
  return credentials;
}

/** Anyone who can read the network traffic can read the tokens. */
function warnOfPlainTokens(config: Config): void {
  const host = config["server.host"];
  const isPlain = config["server.credentials"] !== "" &&
    config["tls.certificate"] === "";
  if (!isPlain || LOOPBACK_REGEXP.test(host)) return;
  getLogger().warn(formatAction("credentials", "fail", {
    reason:
      `tokens cross the network in the clear: server.host is ${host} and tls.certificate is not set`,
  }));
}

/** Serves until a signal, or the loss of the store, which is returned. */
async function serve(
  signal: AbortSignal,
  central: Central,
  store: Store,
): Promise<StorageError | undefined> {
  const controller = new AbortController();
  let loss: StorageError | undefined;
  store.lost.then((error) => {
    loss = error;
    controller.abort("store lost");
  });
  await serveUntil(AbortSignal.any([signal, controller.signal]), central);
  return loss;
}

async function openStore(
  config: Config,
  statistics: Statistics,
  openDatabase: OpenDatabase | undefined,
): Promise<Store> {
  const url = config["store.url"];
  const onCommit: OnCommit = (batches, seconds) =>
    statistics.onCommit(batches, seconds);
  if (url === "") return await openFileStore(config, onCommit);
  if (!openDatabase) {
    throw new ProgramError(
      "Cannot use store.url: this task has no driver of a database; start the central with: deno task server:postgres",
    );
  }
  const store = await openDatabase(url, {
    drawAgencies: config["draw.agencies"],
    onCommit,
  });
  getLogger().info(
    formatAction("recover_store", "success", { bets: store.stats.bets }),
  );
  return store;
}

async function openFileStore(
  config: Config,
  onCommit: OnCommit,
): Promise<FileStore> {
  const path = config["store.file"];
  try {
    const fsync = config["store.fsync"];
    const drawAgencies = config["draw.agencies"];
    const store = await FileStore.open(path, { fsync, drawAgencies, onCommit });
    const { bets, batches, discardedBytes, tornFile } = store.recovery;
    getLogger().info(formatAction("recover_store", "success", {
      bets,
      batches,
      discarded_bytes: discardedBytes,
      copy: tornFile,
    }));
    return store;
  } catch (cause) {
    const message = messageOf(cause);
    throw new ProgramError(
      cause instanceof StoreHeldError
        ? message
        : `Cannot open store "${path}": ${message}`,
      { cause },
    );
  }
}

function createCentral(
  config: Config,
  store: Store,
  parts: Pick<CentralOptions, "credentials" | "statistics" | "tls">,
): Central {
  const listener = listen({
    host: config["server.host"],
    port: config["server.port"],
    backlog: config["server.listenBacklog"],
  });
  logPort(listener);
  return new Central(listener, store, {
    maxConnections: config["server.maxConnections"],
    idleTimeoutMs: config["server.idleTimeout"],
    authTimeoutMs: config["server.authTimeout"],
    ...parts,
  });
}

if (import.meta.main) await runProgram("server", runCentral);
