// A simulated network: it delays, splits, joins, stalls and loses what is sent,
// and resets connections, as TCP over a bad line does.

import type { SimulatedProcess } from "./event_loop.ts";
import { networkError } from "./system_errors.ts";
import { Connection } from "./simulated_connection.ts";
import { Pipe } from "./simulated_pipe.ts";
import { SimulatedListener } from "./simulated_listener.ts";
import type { World } from "./world.ts";

const MIN_LATENCY_MS = 0.1;
/** Time after which a system gives up connecting to a machine that is down. */
const UNREACHABLE_MS = 20_000;

/** All machines' network. */
export class Network {
  readonly #world: World;
  readonly #listeners = new Map<number, SimulatedListener>();
  /** The connections that are open on some side. */
  readonly connections: Set<Connection> = new Set();
  #nextPort = 40_000;

  constructor(world: World) {
    this.#world = world;
  }

  /** Draws how long something takes to arrive, in milliseconds. */
  get latencyMs(): number {
    const { random } = this.#world;
    return random.between(MIN_LATENCY_MS * 10, random.pick([10, 100, 500])) /
      10;
  }

  /**
   * Listens on behalf of the running process.
   *
   * @throws {Deno.errors.AddrInUse} If another one has the port.
   */
  listen(port: number): SimulatedListener {
    if (this.#listeners.has(port)) {
      throw new Deno.errors.AddrInUse("Address already in use (os error 98)");
    }
    const listener = new SimulatedListener(this.#world, port, () => {
      this.#listeners.delete(port);
    });
    this.#listeners.set(port, listener);
    return listener;
  }

  /**
   * Connects on behalf of the running process.
   *
   * @throws {Deno.errors.ConnectionRefused} If nobody listens.
   * @throws {Deno.errors.TimedOut} If the machine is down.
   */
  connect(port: number, signal?: AbortSignal): Promise<Connection> {
    const { loop } = this.#world;
    const process = loop.current!;
    process.onConnect?.();
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const timeMs = this.#world.central.isUp ? this.latencyMs : UNREACHABLE_MS;
    const cancel = loop.schedule(process, timeMs, () => {
      const listener = this.#listeners.get(port);
      if (!this.#world.central.isUp) {
        reject(new Deno.errors.TimedOut("Connection timed out (os error 110)"));
      } else if (!listener) {
        reject(
          new Deno.errors.ConnectionRefused(
            "Connection refused (os error 111)",
          ),
        );
      } else if (this.#world.faults.occurs("failedConnect", process.name)) {
        reject(networkError(this.#world.random, "connect"));
      } else {
        resolve(this.#open(process, listener));
      }
    });
    signal?.addEventListener("abort", () => {
      cancel();
      reject(signal.reason);
    });
    return promise;
  }

  #open(process: SimulatedProcess, listener: SimulatedListener): Connection {
    const port = this.#nextPort++;
    const [there, back] = [new Pipe(this.#world), new Pipe(this.#world)];
    const name = `${process.name}:${port}`;
    const near = new Connection(this.#world, process, name, back, there);
    const far = new Connection(
      this.#world,
      listener.process,
      `central<${name}`,
      there,
      back,
    );
    near.tap = process.createTap?.();
    this.#world.trace.count("connection");
    listener.offer(far);
    return near;
  }
}
