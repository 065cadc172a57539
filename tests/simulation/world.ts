// One simulated world: a central with its disk, agencies, a network between
// them, and their faults. One seed decides everything.

import { BaseHandler, setup } from "@std/log";
import { Random } from "../support/random_bets.ts";
import { Agencies } from "./agencies.ts";
import { CentralHost, STORE_FILE } from "./central_host.ts";
import { Chaos } from "./chaos.ts";
import { Disk } from "./disk.ts";
import { EventLoop, KilledError, type SimulatedProcess } from "./event_loop.ts";
import { Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { replaceSurroundings } from "./surroundings.ts";
import { Trace } from "./trace.ts";

/**
 * Simulated time in which every agency has to succeed after the last fault.
 * Silently lost connections may take all places until the system notices.
 */
const CALM_MS = 1_800_000;
const MAX_AGENCIES = 4;
/**
 * Longest flushes; each run picks one. On a slow disk many batches share a
 * write, and most crashes come during a flush.
 */
const MAX_FLUSH_MS = [8, 100, 1_000];
/** Sizes of a page or of a file system's blocks; each run picks one. */
const PAGE_BYTES = [512, 4_096];
/** Longest times that a disk stays broken. */
const BROKEN_DISK_MS = [1_000, 60_000, 600_000];

/** What a simulation is made of. */
export interface WorldOptions {
  seed: number;
  /** Simulated time with faults, in milliseconds. */
  durationMs: number;
  /**
   * Number of faults after which no more occur.
   *
   * @default {Infinity}
   */
  maxFaults?: number;
  /**
   * Called with each line of the trace.
   *
   * @default {undefined}
   */
  onLine?: ((line: string) => void) | undefined;
}

/** How a simulation went. */
export interface WorldResult {
  /** What was broken, or `undefined` if nothing was. */
  failure: Error | undefined;
  /** The hash of everything that happened. */
  hash: string;
  lastLines: string[];
  /** Number of times that each kind of thing happened. */
  counts: ReadonlyMap<string, number>;
  faults: number;
  simulatedMs: number;
  acknowledged: number;
}

/** Everything in one simulation. */
export class World {
  readonly random: Random;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly loop: EventLoop;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly central: CentralHost;
  readonly agencyCount: number;
  /** Whether there is a draw of all agencies. */
  readonly hasDraw: boolean;
  readonly centralDisk: Disk;
  readonly #agencies: Agencies;
  readonly #disks = new Map<string, Disk>();
  #failure: Error | undefined;

  private constructor({ seed, maxFaults = Infinity, onLine }: WorldOptions) {
    this.random = new Random(seed);
    this.trace = new Trace(onLine);
    this.faults = new Faults(this.random, this.trace, maxFaults);
    this.loop = new EventLoop(this.random, this.trace);
    this.agencyCount = this.random.between(1, MAX_AGENCIES);
    this.hasDraw = this.random.happens(0.5);
    this.ledger = new Ledger(this.trace, this.hasDraw ? this.agencyCount : 0);
    this.network = new Network(this);
    this.centralDisk = new Disk(
      this.faults,
      this.random.pick(MAX_FLUSH_MS),
      this.random.pick(PAGE_BYTES),
    );
    this.#disks.set("central", this.centralDisk);
    this.central = new CentralHost(this);
    this.#agencies = new Agencies(this);
  }

  static async simulate(options: WorldOptions): Promise<WorldResult> {
    const world = new World(options);
    setup({
      handlers: { simulation: new TraceHandler(world) },
      loggers: { default: { level: "DEBUG", handlers: ["simulation"] } },
    });
    const onRejection = (event: PromiseRejectionEvent): void => {
      event.preventDefault();
      if (!(event.reason instanceof KilledError)) world.fail(event.reason);
    };
    addEventListener("unhandledrejection", onRejection);
    try {
      using _surroundings = replaceSurroundings(world);
      await world.#run(options.durationMs);
    } catch (error) {
      world.fail(error);
    } finally {
      removeEventListener("unhandledrejection", onRejection);
    }
    return {
      failure: world.#problem,
      hash: world.trace.digest(),
      lastLines: world.trace.lastLines,
      counts: world.trace.counts,
      faults: world.faults.injected,
      simulatedMs: world.loop.nowMs,
      acknowledged: world.ledger.acknowledged,
    };
  }

  /** Returns the disk of a process. */
  diskOf({ machine }: SimulatedProcess): Disk {
    let disk = this.#disks.get(machine);
    if (!disk) this.#disks.set(machine, disk = new Disk(undefined));
    return disk;
  }

  /** The content of the store without its last `tornBytes`. */
  storeText(tornBytes = 0): string {
    const { bytes } = this.centralDisk.find(STORE_FILE);
    return new TextDecoder().decode(
      bytes.subarray(0, bytes.length - tornBytes),
    );
  }

  /** Whether everything that programs read from the store is durable. */
  get isStoreDurable(): boolean {
    const inode = this.centralDisk.files.get(STORE_FILE);
    // The operator may just have moved it, or cut off its end.
    return inode === undefined ||
      inode.durable.toHex().startsWith(inode.bytes.toHex());
  }

  /**
   * Ends the central at one of its own calls, if that fault occurs.
   *
   * @throws {KilledError} If it ends.
   */
  mayDie(process: SimulatedProcess, place?: "AtFlush"): void {
    const occurs = (fault: "kill" | "powerCut") =>
      this.faults.occurs(`${fault}AtCall`, process.name) ||
      (place !== undefined &&
        this.faults.occurs(`${fault}${place}`, process.name));
    if (occurs("powerCut")) this.central.cutPower();
    else if (occurs("kill")) this.central.kill();
    if (!process.isAlive) throw new KilledError();
  }

  /** Makes every flush of a disk fail, until it is repaired some time later. */
  breakDisk(disk: Disk): void {
    disk.isBroken = true;
    const maxMs = this.random.pick(BROKEN_DISK_MS);
    this.loop.schedule(undefined, this.random.between(1, maxMs), () => {
      disk.isBroken = false;
    });
  }

  /** Notes the first failure. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Notes what a program logs. */
  onLog(line: string): void {
    const process = this.loop.current;
    if (!process?.isAlive) return;
    this.trace.add(process.name, line);
    if (process.machine === "central") this.central.onLog(line);
  }

  get #problem(): Error | undefined {
    return this.ledger.failure ?? this.#failure;
  }

  async #run(durationMs: number): Promise<void> {
    const hasFailed = () => this.#problem !== undefined;
    const chaos = new Chaos(this, this.#agencies);
    this.central.boot();
    this.#agencies.start();
    chaos.start();
    await this.loop.run(durationMs, () => hasFailed() || this.faults.areOver);
    if (hasFailed()) return;
    this.trace.add("world", "no more faults");
    this.faults.end();
    this.#agencies.finishUp();
    const areDone = await this.#calmUntil(() => this.#agencies.areDone);
    if (hasFailed()) return;
    if (!areDone) {
      throw this.ledger.broken(
        `${this.#agencies.unfinished} cannot end, ${
          CALM_MS / 1000
        } s after the last fault`,
      );
    }
    await this.#restartCentral();
    if (hasFailed()) return;
    await this.#stopCentral();
    if (hasFailed()) return;
    this.#agencies.checkSent(this.ledger.checkEnd(this.storeText()));
  }

  /** The central checks the store that is left when it opens it. */
  async #restartCentral(): Promise<void> {
    this.central.restart();
    if (await this.#calmUntil(() => this.central.isOpen)) return;
    throw this.ledger.broken("the central does not start");
  }

  async #stopCentral(): Promise<void> {
    this.central.stopForGood();
    if (await this.#calmUntil(() => this.central.hasStopped)) return;
    throw this.ledger.broken("the central does not stop");
  }

  /** Runs without faults until a condition holds, or something has failed. */
  #calmUntil(isDone: () => boolean): Promise<boolean> {
    return this.loop.run(
      this.loop.nowMs + CALM_MS,
      () => this.#problem !== undefined || isDone(),
    );
  }
}

/** Sends the programs' log to the world. */
class TraceHandler extends BaseHandler {
  readonly #world: World;

  constructor(world: World) {
    super("NOTSET", { formatter: ({ msg }) => msg });
    this.#world = world;
  }

  override log(line: string): void {
    this.#world.onLog(line);
  }
}
