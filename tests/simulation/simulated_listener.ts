// A simulated listener, with the methods of `Deno.TcpListener` that the programs
// use.

import {
  KilledError,
  type Resource,
  type SimulatedProcess,
} from "./event_loop.ts";
import {
  closedError,
  interruptedError,
  networkError,
  systemError,
} from "./system_errors.ts";
import type { Connection } from "./simulated_connection.ts";
import type { World } from "./world.ts";

const CALL_MS = 0.01;

/** Accepts connections. */
export class SimulatedListener implements Resource {
  readonly #world: World;
  readonly #onClosed: () => void;
  readonly #queue: Connection[] = [];
  #accepting: PromiseWithResolvers<Connection> | undefined;
  #isOpen = true;
  readonly process: SimulatedProcess;
  readonly addr: Deno.NetAddr;

  constructor(world: World, port: number, onClosed: () => void) {
    this.#world = world;
    this.#onClosed = onClosed;
    this.process = world.loop.current!;
    this.addr = { transport: "tcp", hostname: "0.0.0.0", port };
    this.process.resources.add(this);
  }

  offer(connection: Connection): void {
    this.#queue.push(connection);
    this.#serve();
  }

  accept(): Promise<Connection> {
    const accepting = Promise.withResolvers<Connection>();
    if (!this.process.isAlive) return accepting.promise;
    if (!this.#isOpen) return Promise.reject(closedError());
    this.#accepting = accepting;
    this.#serve();
    return accepting.promise;
  }

  close(): void {
    if (!this.process.isAlive) throw new KilledError();
    const accepting = this.#accepting;
    this.process.resources.delete(this);
    this.release();
    this.#world.loop.schedule(this.process, 0, () => {
      accepting?.reject(interruptedError());
    });
  }

  /** What the system does when the process has ended. */
  release(): void {
    this.#isOpen = false;
    this.#accepting = undefined;
    for (const connection of this.#queue.splice(0)) connection.refuse();
    this.#onClosed();
  }

  #serve(): void {
    const accepting = this.#accepting;
    if (!accepting || this.#queue.length === 0) return;
    this.#accepting = undefined;
    this.#world.loop.schedule(this.process, CALL_MS, () => {
      if (this.#world.faults.occurs("failedAccept", "central")) {
        accepting.reject(systemError("EMFILE"));
        return;
      }
      const connection = this.#queue.shift();
      if (!connection) {
        // It was closed since.
        accepting.reject(interruptedError());
        return;
      }
      if (this.#world.faults.occurs("lostBeforeAccept", "central")) {
        connection.refuse();
        accepting.reject(networkError(this.#world.random, "accept"));
        return;
      }
      accepting.resolve(connection);
    });
  }
}
