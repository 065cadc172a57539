/**
 * Puts the counting and the showing together. Loaded only if `status.port` is
 * set.
 *
 * @module
 */

import type { Store } from "../../storage.ts";
import type { Draw } from "../draw.ts";
import { Statistics } from "../statistics.ts";
import type { Sources } from "./snapshot.ts";
import { type StatusAddress, StatusServer } from "./status_server.ts";

/** The part of the central that is shown. */
export interface ShownCentral {
  /** Number of connections. */
  readonly connections: number;
  /** The draw. */
  readonly draw: Draw;
}

/** The status page of one central, from its start to its end. */
export class Status implements AsyncDisposable {
  /** Counts what happens. */
  readonly statistics: Statistics;
  readonly #sources: Sources;
  readonly #server: StatusServer;

  private constructor(sources: Sources, server: StatusServer) {
    this.statistics = sources.statistics;
    this.#sources = sources;
    this.#server = server;
  }

  /**
   * Starts to count and to listen. Until {@linkcode show} there is no store.
   *
   * @param address Where to listen.
   * @returns The status.
   * @throws {ProgramError} If the address is not available.
   */
  static async start(address: StatusAddress): Promise<Status> {
    const sources: Sources = { statistics: new Statistics() };
    const server = await StatusServer.start(address, sources);
    return new Status(sources, server);
  }

  /**
   * Shows a store and its central.
   *
   * @param store The store.
   * @param central The central that serves it.
   * @param signal Aborted when the central begins to stop.
   */
  show(store: Store, central: ShownCentral, signal?: AbortSignal): void {
    this.statistics.attach(store);
    this.#sources.store = store;
    this.#sources.draw = central.draw;
    this.#sources.connections = () => central.connections;
    signal?.addEventListener("abort", () => this.#sources.isStopping = true);
  }

  /** Stops to listen and to count. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.statistics[Symbol.dispose]();
    await this.#server.stop();
  }
}
