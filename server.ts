/**
 * The central: stores the bets of many agencies at once.
 *
 * @module
 */

import { Session } from "./central/session.ts";
import { FairScheduler } from "./central/fair_scheduler.ts";
import type { Config } from "./program/config.ts";
import { Connection } from "./net/connection.ts";
import { Draw } from "./central/draw.ts";
import { messageOf, ProgramError } from "./program/errors.ts";
import { action, getLogger } from "./program/logging.ts";
import { logServerConfig, runProgram } from "./program/program.ts";
import type { ProgramContext } from "./program/program.ts";
import { encodeError, ErrorCode, NO_INDEX } from "./protocol.ts";
import { type StorageError, Store, StoreHeldError } from "./storage.ts";
import { Acceptor, listen, logPort, serveUntil } from "./net/tcp_server.ts";

/**
 * Time that agencies have to read their last replies when the central stops.
 */
const STOP_TIMEOUT_MS = 600;

const BUSY_FRAME = encodeError({
  code: ErrorCode.BUSY,
  index: NO_INDEX,
  reason: "Cannot serve: too many connections",
});

/** Options of a {@linkcode Central}. */
export interface CentralOptions {
  /** Connections served at once. One more is answered with `BUSY`. */
  maxConnections: number;
  /** Longest time without a whole frame before a connection is dropped. */
  idleTimeoutMs: number;
  /**
   * Number of agencies in the draw, with ids from 1. 0 means no draw.
   *
   * @default {0}
   */
  drawAgencies?: number;
}

/** Accepts agencies and serves each one in its own session. */
export class Central {
  readonly #acceptor: Acceptor;
  readonly #store: Store;
  readonly #draw: Draw;
  readonly #options: CentralOptions;
  readonly #log = getLogger();
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #scheduler = new FairScheduler(this.#sessions);
  /** Connections that are being told `BUSY`. */
  readonly #turnedAway = new Set<Connection>();

  /**
   * Creates a central. {@linkcode serve} starts it.
   *
   * @param listener Accepts agencies; {@linkcode stop} closes it.
   * @param store Stores the bets; the central leaves it open.
   * @param options The limits.
   */
  constructor(
    listener: Deno.TcpListener,
    store: Store,
    options: CentralOptions,
  ) {
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#welcome(stream, ip),
    );
    this.#store = store;
    this.#draw = new Draw(options.drawAgencies ?? 0, store);
    this.#options = options;
  }

  /** Accepts agencies until {@linkcode stop} is called. */
  async serve(): Promise<void> {
    await this.#acceptor.run();
  }

  /** Stops accepting, and ends each session after its last reply. */
  async stop(): Promise<void> {
    this.#acceptor.stop();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.abort();
    }, STOP_TIMEOUT_MS);
    for (const connection of this.#turnedAway) connection.close();
    for (const session of this.#sessions.keys()) session.stop();
    await Promise.all(this.#sessions.values());
    clearTimeout(timer);
  }

  #welcome(stream: Deno.TcpConn, ip: string): void {
    const connection = new Connection(stream, this.#options);
    if (this.#sessions.size >= this.#options.maxConnections) {
      this.#turnAway(connection, ip);
      return;
    }
    const session = new Session(connection, {
      store: this.#store,
      draw: this.#draw,
      scheduler: this.#scheduler,
      ip,
    });
    const run = session.run().finally(() => this.#sessions.delete(session));
    this.#sessions.set(session, run);
  }

  async #turnAway(connection: Connection, ip: string): Promise<void> {
    this.#log.warn(action("accept_connections", "fail", { ip, error: "BUSY" }));
    this.#turnedAway.add(connection);
    try {
      await connection.hangUp(BUSY_FRAME);
    } catch (error) {
      this.#log.critical(action("close_connection", "fail", {
        ip,
        error: messageOf(error),
      }));
    } finally {
      this.#turnedAway.delete(connection);
    }
  }
}

async function main({ config, signal }: ProgramContext): Promise<number> {
  logServerConfig(config);
  const store = await openStore(config);
  try {
    const loss = await serve(signal, createCentral(config, store), store);
    if (loss) throw new ProgramError(loss.message, { cause: loss });
  } finally {
    await store.close();
    getLogger().info(action("close_store", "success"));
  }
  return 0;
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

async function openStore(config: Config): Promise<Store> {
  const path = config["store.file"];
  try {
    const store = await Store.open(path, { fsync: config["store.fsync"] });
    const { bets, batches, discardedBytes, tornFile } = store.recovery;
    getLogger().info(action("recuperar_almacen", "success", {
      apuestas: bets,
      lotes: batches,
      bytes_descartados: discardedBytes,
      copia: tornFile,
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

function createCentral(config: Config, store: Store): Central {
  const listener = listen({
    host: config["server.host"],
    port: config["server.port"],
    backlog: config["server.listenBacklog"],
  });
  logPort(listener);
  return new Central(listener, store, {
    maxConnections: config["server.maxConnections"],
    idleTimeoutMs: config["server.idleTimeout"],
    drawAgencies: config["draw.agencies"],
  });
}

if (import.meta.main) await runProgram("server", main);
