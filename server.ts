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
import { failure, ProgramError } from "./program/errors.ts";
import { type Details, formatAction, getLogger } from "./program/logging.ts";
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
  options: { drawAgencies: number; onCommit: OnCommit; signal: AbortSignal },
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
    const ended = new AbortController();
    let loss: StorageError | undefined;
    store.lost.then((error) => {
      loss = error;
      ended.abort("store lost");
    });
    await stopOn(AbortSignal.any([signal, ended.signal]), central);
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
  return new StatusServer(address, statistics);
}

async function openCertificate(
  { "tls.certificate": certificate, "tls.key": key }: Config,
): Promise<TlsCertificate | undefined> {
  if (certificate === "" && key === "") return undefined;
  const names = { certificate: "tls.certificate", key: "tls.key" };
  return await TlsCertificate.open({ certificate, key, names });
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
  const drawAgencies = config["draw.agencies"];
  const options = { drawAgencies, onCommit: statistics.onCommit, signal };
  try {
    if (!openDatabase && url === "") {
      return await openFileStore(config, options);
    }
    if (!openDatabase) {
      throw new ProgramError(
        "Cannot use store.url: this task cannot use a database; start the central with: deno task server:postgres",
      );
    }
    const store = await openDatabase(url, options);
    logRecovery("success", { bets: store.stats.bets });
    return store;
  } catch (error) {
    // A stop makes a database fail in many ways, but files only in one.
    const isStopped = openDatabase ? signal.aborted : error === signal.reason;
    if (!isStopped) throw error;
    logRecovery("fail", { reason: "stopped" });
    return undefined;
  }
}

async function openFileStore(
  config: Config,
  options: StoreOptions,
): Promise<FileStore> {
  const path = config["store.file"];
  try {
    const fsync = config["store.fsync"];
    const store = await FileStore.open(path, { ...options, fsync });
    const { bets, batches, discardedBytes, tornFiles } = store.recovery;
    const { discardedFinishedBytes } = store.recovery;
    logRecovery("success", {
      bets,
      batches,
      discarded_bytes: discardedBytes,
      discarded_finished_bytes: discardedFinishedBytes || undefined,
      copy: tornFiles.join(", ") || undefined,
    });
    // A store that takes no bets now can still answer what it has.
    const { problem } = store.stats;
    if (problem !== undefined) logRecovery("fail", { reason: problem });
    return store;
  } catch (cause) {
    if (cause === options.signal?.reason) throw cause;
    throw cause instanceof StoreHeldError
      ? new ProgramError(cause.message, { cause })
      : failure(`Cannot open store "${path}"`, cause);
  }
}

function logRecovery(result: "success" | "fail", details: Details): void {
  const line = formatAction("recover_store", result, details);
  if (result === "success") getLogger().info(line);
  else getLogger().warn(line);
}

function listen(
  config: Config,
  store: Store,
  parts: Pick<CentralOptions, "credentials" | "statistics" | "tls">,
): Central {
  return Central.listen(store, {
    hostname: config["server.host"],
    port: config["server.port"],
    backlog: config["server.listenBacklog"],
    maxConnections: config["server.maxConnections"],
    idleTimeoutMs: config["server.idleTimeout"],
    authTimeoutMs: config["server.authTimeout"],
    ...parts,
  });
}

if (import.meta.main) await runProgram("server", runCentral);
