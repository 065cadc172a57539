/**
 * The central: stores the bets of many agencies at once.
 *
 * @module
 */

import { Credentials } from "./central/auth/credentials.ts";
import { TlsCertificate } from "./central/auth/tls_certificate.ts";
import { Central, type CentralOptions } from "./central/central.ts";
import { Statistics } from "./central/statistics.ts";
import type { StatusServer } from "./central/status/status_server.ts";
import { stopOn } from "./net/tcp_server.ts";
import type { Config } from "./program/config/config.ts";
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
  type StoreOptions,
} from "./storage/mod.ts";

export {
  Central,
  type CentralOptions,
  Credentials,
  FileStore,
  type Store,
  type StoreOptions,
  TlsCertificate,
};

/**
 * Opens the store of `store.url`; postgres/server.ts has one.
 *
 * @internal
 */
export type OpenDatabase = (
  url: string,
  options: {
    drawAgencies: number;
    onCommit?: OnCommit | undefined;
    signal: AbortSignal;
  },
) => Promise<Store>;

const LOOPBACK_REGEXP = /^(?:127\.|::1$|localhost$)/;

/**
 * Runs the central, as `deno task server` does, and returns the exit code.
 *
 * @internal
 * @throws {ProgramError} If it cannot start, or loses its store.
 */
export async function runCentral(
  { config, signal }: ProgramContext,
  openDatabase?: OpenDatabase,
): Promise<number> {
  logServerConfig(config);
  using tls = await openCertificate(config);
  const credentialsFile = config["server.credentials"];
  using credentials = credentialsFile === ""
    ? undefined
    : await Credentials.open(credentialsFile);
  warnOfPlainTokens(config);
  const statistics = new Statistics();
  await using status = await startStatus(config, statistics);
  const store = await openStore(config, { statistics, signal, openDatabase });
  if (!store) return 0;
  try {
    const parts = { tls, credentials, statistics };
    await using central = listen(config, store, parts);
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
  return StatusServer.start(address, statistics);
}

async function openCertificate(
  config: Config,
): Promise<TlsCertificate | undefined> {
  const certificate = config["tls.certificate"];
  const key = config["tls.key"];
  if (certificate === "" && key === "") return undefined;
  if (certificate !== "" && key !== "") {
    const names = { certificate: "tls.certificate", key: "tls.key" };
    return await TlsCertificate.open({ certificate, key, names });
  }
  const missing = certificate === "" ? "tls.certificate" : "tls.key";
  throw new ProgramError(
    `Cannot use TLS: ${missing} is not set, expected both or none`,
  );
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
  await stopOn(AbortSignal.any([signal, controller.signal]), central);
  return loss;
}

/** Opens the store; returns `undefined` if it was stopped before it was open. */
async function openStore(
  config: Config,
  { statistics, signal, openDatabase }: {
    statistics: Statistics;
    signal: AbortSignal;
    openDatabase: OpenDatabase | undefined;
  },
): Promise<Store | undefined> {
  const url = config["store.url"];
  const onCommit: OnCommit = (batches, seconds) =>
    statistics.onCommit(batches, seconds);
  if (url === "") return await openFileStore(config, onCommit);
  if (!openDatabase) {
    throw new ProgramError(
      "Cannot use store.url: this task cannot use a database; start the central with: deno task server:postgres",
    );
  }
  const drawAgencies = config["draw.agencies"];
  try {
    const store = await openDatabase(url, { drawAgencies, onCommit, signal });
    const { bets } = store.stats;
    getLogger().info(formatAction("recover_store", "success", { bets }));
    return store;
  } catch (error) {
    if (!signal.aborted) throw error;
    getLogger().info(
      formatAction("recover_store", "fail", { reason: "stopped" }),
    );
    return undefined;
  }
}

/** A store that takes no bets now can still answer what it has. */
function warnOfProblem({ stats: { problem } }: Store): void {
  if (problem === undefined) return;
  getLogger().warn(formatAction("recover_store", "fail", { reason: problem }));
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
    warnOfProblem(store);
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

function listen(
  config: Config,
  store: Store,
  parts: Pick<CentralOptions, "credentials" | "statistics" | "tls">,
): Central {
  const hostname = config["server.host"];
  try {
    return Central.listen(store, {
      hostname,
      port: config["server.port"],
      backlog: config["server.listenBacklog"],
      maxConnections: config["server.maxConnections"],
      idleTimeoutMs: config["server.idleTimeout"],
      authTimeoutMs: config["server.authTimeout"],
      ...parts,
    });
  } catch (cause) {
    if (!(cause instanceof ProgramError)) throw cause;
    const message = `${cause.message} (server.host is ${hostname})`;
    throw new ProgramError(message, { cause });
  }
}

if (import.meta.main) await runProgram("server", runCentral);
