// One direction of a simulated TCP connection.

import type { World } from "./world.ts";

/** What arrives on one side of a connection. */
export type Arrival =
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "end" }
  | { kind: "reset" };

/** One direction of a connection. */
export class Pipe {
  readonly #world: World;
  /** Bytes that may be under way or unread at once. */
  readonly capacity: number;
  /** Whether everything sent is lost. */
  isSilent = false;
  /** Bytes that were sent and not read. */
  unread = 0;
  readonly #underWay: Arrival[] = [];
  #lastArrivalMs = 0;
  /** Called with what arrives. */
  onArrival: (arrival: Arrival) => void = () => {};
  /** Called when a read has made room. */
  onRoom: () => void = () => {};

  constructor(world: World) {
    this.#world = world;
    this.capacity = world.random.pick([2048, 16_384, 65_536]);
  }

  /** Sends something. It arrives after everything sent before. */
  send(arrival: Arrival, delayMs: number): void {
    const { loop } = this.#world;
    if (arrival.kind === "bytes") this.unread += arrival.bytes.length;
    const arrivalMs = Math.max(this.#lastArrivalMs, loop.nowMs + delayMs);
    this.#lastArrivalMs = arrivalMs;
    this.#underWay.push(arrival);
    loop.schedule(undefined, arrivalMs - loop.nowMs, () => {
      // Of two packets at the same time, the one sent first arrives first.
      const first = this.#underWay.shift()!;
      if (!this.isSilent) this.onArrival(first);
    });
  }

  consume(size: number): void {
    this.unread -= size;
    this.onRoom();
  }
}
