// One side of a simulated TCP connection, with the methods of `Deno.TcpConn`
// that the programs use.

import { concat } from "../support/frames.ts";
import {
  KilledError,
  type Resource,
  type SimulatedProcess,
} from "./event_loop.ts";
import type { Arrival, Pipe } from "./simulated_pipe.ts";
import {
  closedError,
  interruptedError,
  networkError,
} from "./system_errors.ts";
import type { WireTap } from "./wire_tap.ts";
import type { World } from "./world.ts";

const MAX_STALL_MS = 30_000;
/** Time until the system notices a dead peer; by default Linux takes hours. */
const KEEP_ALIVE_MS = 600_000;
const CALL_MS = 0.01;

interface PendingRead {
  into: Uint8Array;
  resolve: (read: number | null) => void;
  reject: (error: Error) => void;
}

interface PendingWrite {
  bytes: Uint8Array;
  resolve: (written: number) => void;
  reject: (error: Error) => void;
}

/** One side of a connection. */
export class Connection implements Resource {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  readonly name: string;
  /** Follows what the agency sends and reads. */
  tap: WireTap | undefined;
  /** Address of the other side. */
  readonly remoteAddr: Deno.NetAddr = {
    transport: "tcp",
    hostname: "10.0.0.1",
    port: 1,
  };
  #received: Uint8Array[] = [];
  #hasEnded = false;
  #isReset = false;
  #isOpen = true;
  #isWriteClosed = false;
  #reading: PendingRead | undefined;
  #writing: PendingWrite | undefined;

  constructor(
    world: World,
    process: SimulatedProcess,
    name: string,
    incoming: Pipe,
    outgoing: Pipe,
  ) {
    this.#world = world;
    this.#process = process;
    this.name = name;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    incoming.onArrival = (arrival) => this.#arrive(arrival);
    outgoing.onRoom = () => this.#continueWrite();
    process.resources.add(this);
    world.network.connections.add(this);
  }

  read(into: Uint8Array): Promise<number | null> {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    if (!this.#process.isAlive) return promise;
    if (!this.#isOpen) return Promise.reject(closedError());
    this.#reading = { into, resolve, reject };
    this.#continueRead();
    return promise;
  }

  /** Writes some of the bytes, once there is room. */
  write(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (!this.#process.isAlive) return promise;
    if (!this.#isOpen) return Promise.reject(closedError());
    this.#mayFail();
    // The system copies the bytes when the call is made.
    this.#writing = { bytes: bytes.slice(), resolve, reject };
    this.#continueWrite();
    return promise;
  }

  /** Ends this side's stream. */
  async closeWrite(): Promise<void> {
    await this.#world.loop.operate(CALL_MS, () => {
      if (!this.#isOpen) throw closedError();
      if (this.#isReset) {
        throw new Deno.errors.NotConnected(
          "Transport endpoint is not connected (os error 107)",
        );
      }
      if (this.#isWriteClosed) return;
      this.#isWriteClosed = true;
      this.#outgoing.send({ kind: "end" }, this.#world.network.latencyMs);
    });
  }

  /** Closes both directions. What is pending is rejected. */
  close(): void {
    if (!this.#process.isAlive) throw new KilledError();
    if (!this.#isOpen) throw closedError();
    const [reading, writing] = [this.#reading, this.#writing];
    this.#process.resources.delete(this);
    this.release(false);
    this.#world.loop.schedule(this.#process, 0, () => {
      reading?.reject(interruptedError());
      writing?.reject(interruptedError());
    });
  }

  /** What the system does when the process has ended. */
  release(isSilent: boolean): void {
    this.#isOpen = false;
    this.#reading = this.#writing = undefined;
    this.#world.network.connections.delete(this);
    if (isSilent) {
      this.silence();
    } else if (this.#received.length > 0) {
      this.#sendReset();
    } else if (!this.#isWriteClosed) {
      this.#outgoing.send({ kind: "end" }, this.#world.network.latencyMs);
    }
  }

  /** Does nothing: here every write is sent immediately. */
  setNoDelay(): void {}

  /** Does nothing: here all connections have keep-alive. */
  setKeepAlive(): void {}

  /** Loses everything sent from now on, in both directions. */
  silence(): void {
    this.#incoming.isSilent = this.#outgoing.isSilent = true;
    for (const pipe of [this.#incoming, this.#outgoing]) {
      this.#world.loop.schedule(
        undefined,
        KEEP_ALIVE_MS,
        () => pipe.onArrival({ kind: "reset" }),
      );
    }
  }

  /** Resets the connection, as seen from both sides. */
  reset(): void {
    this.#sendReset();
    this.#arrive({ kind: "reset" });
  }

  /** Resets a connection that the process has not accepted. */
  refuse(): void {
    this.#process.resources.delete(this);
    this.#isOpen = false;
    this.#world.network.connections.delete(this);
    this.#sendReset();
  }

  #sendReset(): void {
    this.#outgoing.send({ kind: "reset" }, this.#world.network.latencyMs);
  }

  #arrive(arrival: Arrival): void {
    if (arrival.kind === "bytes" && (!this.#isOpen || this.#isReset)) {
      // Their reader has ended.
      this.#sendReset();
      return;
    }
    if (arrival.kind === "bytes") this.#received.push(arrival.bytes);
    else if (arrival.kind === "end") this.#hasEnded = true;
    else {
      this.#isReset = true;
      this.#received = [];
    }
    this.#continueRead();
    this.#continueWrite();
  }

  #continueRead(): void {
    const reading = this.#reading;
    if (!reading) return;
    if (this.#isReset) {
      this.#reading = undefined;
      this.#tell(() =>
        reading.reject(networkError(this.#world.random, "read"))
      );
    } else if (this.#received.length > 0) {
      this.#reading = undefined;
      this.#tell(() => {
        // It was closed in the meantime.
        if (!this.#isOpen) reading.reject(interruptedError());
        else reading.resolve(this.#give(reading));
      });
    } else if (this.#hasEnded) {
      this.#reading = undefined;
      this.#tell(() => reading.resolve(null));
    }
  }

  #continueWrite(): void {
    const writing = this.#writing;
    if (!writing) return;
    if (this.#isReset || this.#isWriteClosed) {
      this.#writing = undefined;
      const error = networkError(this.#world.random, "write");
      this.#tell(() => writing.reject(error));
      return;
    }
    const room = this.#outgoing.capacity - this.#outgoing.unread;
    if (room <= 0) return;
    this.#writing = undefined;
    const { random, faults, network } = this.#world;
    let size = Math.min(room, writing.bytes.length);
    if (size > 1 && faults.splits) {
      size = random.between(1, size - 1);
    }
    const bytes = writing.bytes.subarray(0, size);
    const stallMs = faults.occurs("stall", this.name)
      ? random.between(0, MAX_STALL_MS)
      : 0;
    this.#outgoing.send({ kind: "bytes", bytes }, network.latencyMs + stallMs);
    this.tap?.onSent(bytes);
    this.#tell(() => writing.resolve(size));
  }

  /** Copies some of what was received to the reader's buffer. */
  #give({ into }: PendingRead): number {
    const { random, faults } = this.#world;
    // What arrived in several pieces may be read at once.
    const all = this.#received.length === 1
      ? this.#received[0]!
      : concat(this.#received);
    let size = Math.min(all.length, into.length);
    if (size > 1 && faults.splits) {
      size = random.between(1, size - 1);
    }
    into.set(all.subarray(0, size));
    this.#received = size < all.length ? [all.subarray(size)] : [];
    this.#incoming.consume(size);
    this.tap?.onRead(into.slice(0, size));
    return size;
  }

  #mayFail(): void {
    const { faults } = this.#world;
    if (faults.occurs("silence", this.name)) this.silence();
    if (faults.occurs("reset", this.name)) this.reset();
  }

  #tell(result: () => void): void {
    this.#world.loop.schedule(this.#process, CALL_MS, result);
  }
}
