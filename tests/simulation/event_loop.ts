// The simulated clock and event loop. Nothing waits for real time: the loop jumps
// from one event to the next. The seed decides the order of events at the
// same time.

import { setImmediate } from "node:timers";
import type { Random } from "../support/random_bets.ts";
import type { Trace } from "./trace.ts";
import type { WireTap } from "./wire_tap.ts";

/** The simulated time begins here, so that dates look like dates. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Thrown into the code of a process that is killed during a call. */
export class KilledError extends Error {
  override name = "KilledError";
}

/** A resource that the system closes when its process ends. */
export interface Resource {
  /** Closes it on behalf of a process that has ended. */
  release(isSilent: boolean): void;
}

/** A program that runs in the simulation. */
export class SimulatedProcess {
  /** Whether it runs. A process that has ended has no effect. */
  isAlive = true;
  /** Its open files and connections. */
  readonly resources: Set<Resource> = new Set();
  /** Number of timers that are set. */
  timers = 0;
  /** Creates the tap for a new connection of the process, if there is one. */
  createTap: (() => WireTap) | undefined;
  /** Called when the process tries to connect. */
  onConnect: (() => void) | undefined;
  /** Order of its events among those of other processes at the same time. */
  readonly rank: number;
  readonly env: ReadonlyMap<string, string>;

  constructor(
    readonly name: string,
    readonly machine: string,
    random: Random,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.rank = random.below(2 ** 32);
    this.env = new Map(Object.entries(env));
  }

  /**
   * Ends it: its code no longer runs, and the system closes what it had open.
   */
  end(isSilent = false): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const resource of this.resources) resource.release(isSilent);
    this.resources.clear();
  }
}

interface SimulatedEvent {
  timeMs: number;
  rank: number;
  order: number;
  process: SimulatedProcess | undefined;
  run: () => void;
  isCancelled: boolean;
}

/** Runs events in the order of simulated time. */
export class EventLoop {
  readonly #random: Random;
  /** The last one is the next. */
  readonly #events: SimulatedEvent[] = [];
  #order = 0;
  /** Milliseconds since the start. */
  nowMs = 0;
  /** The process whose code runs. */
  current: SimulatedProcess | undefined;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    trace.clock = () => this.nowMs;
  }

  /** The simulated date, in milliseconds since 1970. */
  get dateMs(): number {
    return EPOCH_MS + Math.floor(this.nowMs);
  }

  schedule(
    process: SimulatedProcess | undefined,
    delayMs: number,
    run: () => void,
  ): () => void {
    const event: SimulatedEvent = {
      timeMs: this.nowMs + Math.max(0, delayMs),
      rank: process?.rank ?? this.#random.below(2 ** 32),
      order: this.#order++,
      process,
      run,
      isCancelled: false,
    };
    this.#push(event);
    return () => event.isCancelled = true;
  }

  /**
   * Calls a function for the running process after some time, as the system
   * does.
   */
  operate<T>(delayMs: number, effect: () => T): Promise<T> {
    const process = this.current;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (process && !process.isAlive) return promise;
    this.schedule(process, delayMs, () => {
      try {
        resolve(effect());
      } catch (error) {
        if (!(error instanceof KilledError)) reject(error);
      }
    });
    return promise;
  }

  /** Runs a process's code, as one step, until all of it waits. */
  async runStep(
    process: SimulatedProcess | undefined,
    run: () => void,
  ): Promise<void> {
    this.current = process;
    run();
    // All microtasks have run before the next real event.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.current = undefined;
  }

  /** Runs events until a condition holds. */
  async run(untilMs: number, isDone: () => boolean): Promise<boolean> {
    while (!isDone()) {
      const next = this.#events.at(-1);
      if (!next || next.timeMs > untilMs) {
        this.nowMs = untilMs;
        return false;
      }
      this.#events.pop();
      if (next.isCancelled || next.process?.isAlive === false) continue;
      this.nowMs = next.timeMs;
      await this.runStep(next.process, next.run);
    }
    return true;
  }

  #push(event: SimulatedEvent): void {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(event, this.#events[middle]!)) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }
}

function isBefore(one: SimulatedEvent, other: SimulatedEvent): boolean {
  if (one.timeMs !== other.timeMs) return one.timeMs < other.timeMs;
  if (one.rank !== other.rank) return one.rank < other.rank;
  return one.order < other.order;
}
