// The central's machine. The central is started again whenever it has ended.

import { type Config, readConfig } from "../../program/config/config.ts";
import { ProgramError } from "../../program/errors.ts";
import { runCentral } from "../../server.ts";
import { DamagedStoreError, StoreMismatchError } from "../../storage/mod.ts";
import { Operator, type Trial } from "./operator.ts";
import { RivalCentral } from "./rival_central.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { World } from "./world.ts";

/** Where the store is. */
export const STORE_FOLDER = "/data";
/** The bets file. */
export const STORE_FILE = `${STORE_FOLDER}/bets.csv`;
/** Where the central listens. */
export const CENTRAL_PORT = 12345;

const MAX_RESTART_MS = 5_000;
/**
 * Longest boots after a power cut; each run picks one. With short boots a run
 * has many power cuts, with long ones agencies give up.
 */
const MAX_BOOT_MS = [5_000, 60_000];
/** Longest times until the operator notices a broken store; each run picks one. */
const MAX_NOTICE_MS = [5_000, 30_000];
/** Limit of a central's timers, and what each open file or connection adds. */
const TIMERS = 8;
const TIMERS_OF_RESOURCE = 4;
/** Time that the operator gives the central to stop, before killing it. */
const STOP_TIMEOUT_MS = 60_000;

/** Runs the central. */
export class CentralHost {
  readonly #world: World;
  readonly #env: Readonly<Record<string, string>>;
  readonly #maxBootMs: number;
  readonly #maxNoticeMs: number;
  #process: SimulatedProcess | undefined;
  #stopping = new AbortController();
  #isUp = false;
  #lives = 0;
  #isLastStop = false;
  /** Whether the central has to refuse the next start. */
  #isNextRefused = false;
  #isOpen = false;
  /** Mishandles the central's files. */
  readonly operator: Operator;
  /** Why the running central has to refuse to start, if so. */
  #trial: Trial | undefined;
  /** Another central, which must not get the store. */
  #rival: RivalCentral | undefined;

  constructor(world: World) {
    this.#world = world;
    const { random } = world;
    this.operator = new Operator(world, world.centralDisk, STORE_FILE);
    this.#maxBootMs = random.pick(MAX_BOOT_MS);
    this.#maxNoticeMs = random.pick(MAX_NOTICE_MS);
    this.#env = {
      SERVER_STORE_FILE: STORE_FILE,
      SERVER_PORT: String(CENTRAL_PORT),
      SERVER_DRAW_AGENCIES: String(world.hasDraw ? world.agencyCount : 0),
      SERVER_IDLE_TIMEOUT: random.pick(["2s", "10s", "60s"]),
      SERVER_MAX_CONNECTIONS: random.pick(["12", "4096"]),
      SERVER_STORE_FSYNC: "true",
    };
  }

  /** Whether the machine has power. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether the central has its store open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the central was stopped for good. */
  get hasStopped(): boolean {
    return this.#isLastStop && this.#process === undefined;
  }

  /** Switches the machine on and starts the central. */
  boot(): void {
    this.#isUp = true;
    this.#start();
  }

  /** Kills the process. What it wrote stays in the page cache. */
  kill(): void {
    if (!this.#process) return;
    this.#world.trace.add("central", "is killed");
    this.#end(false);
    this.#startLater(MAX_RESTART_MS);
  }

  cutPower(): void {
    if (!this.#isUp) return;
    const { trace, random, loop, centralDisk } = this.#world;
    trace.add("central", "loses power");
    this.#end(true);
    this.#isUp = false;
    centralDisk.losePower(random, trace);
    loop.schedule(
      undefined,
      random.between(1, this.#maxBootMs),
      () => this.boot(),
    );
  }

  /** Cuts the power. The central has to refuse the first start after it. */
  restart(): void {
    this.#isNextRefused = true;
    this.cutPower();
  }

  /** Stops the central with SIGTERM. It is started again later. */
  stop(): void {
    const process = this.#process;
    if (!process) return;
    this.#world.loop.schedule(
      process,
      0,
      () => this.#stopping.abort("SIGTERM"),
    );
    this.#world.loop.schedule(process, STOP_TIMEOUT_MS, () => {
      this.#world.ledger.broken(
        `the central does not stop in ${STOP_TIMEOUT_MS} ms`,
      );
    });
  }

  /** Lets the operator mishandle the files of a running central. */
  mishandle(): void {
    if (!this.#isUndisturbed) return;
    this.operator.mishandle();
    const process = this.#process!;
    this.#world.loop.schedule(process, STOP_TIMEOUT_MS, () => {
      this.#world.ledger.broken(
        `the central runs ${STOP_TIMEOUT_MS} ms after its store was changed`,
      );
    });
  }

  /** Stops the central for good. */
  stopForGood(): void {
    this.#isLastStop = true;
    this.stop();
  }

  /**
   * Starts a second central on the same store. It has to give up while the
   * first one runs.
   */
  startRival(): void {
    if (!this.#isUndisturbed) return;
    this.#rival = new RivalCentral(this.#world, this.#env, this.#config);
  }

  /** Checks that the central does not accumulate timers. */
  checkBounds(): void {
    const { timers = 0, resources } = this.#process ?? {};
    const maxTimers = TIMERS + TIMERS_OF_RESOURCE * (resources?.size ?? 0);
    if (timers <= maxTimers) return;
    this.#world.ledger.broken(
      `the central has ${timers} timers, expected ${maxTimers} at most`,
    );
  }

  /** Checks a line that the central logs. */
  onLog(line: string): void {
    const { ledger } = this.#world;
    const result = "result: success";
    if (line.startsWith(`action: recover_store | ${result}`)) {
      if (this.#rival?.isRunning) {
        throw ledger.broken("two centrals have the store at once");
      }
      if (this.#trial) {
        throw ledger.broken(
          `the central starts although somebody ${this.#trial.what}`,
        );
      }
      this.#isOpen = true;
      this.#world.centralDisk.hasFlippedBit = false;
      ledger.check(this.#world.storeText(tornBytesLeft(line)));
    } else if (/^action: (sorteo|recover_draw) \| result: success/.test(line)) {
      ledger.onDraw(line.startsWith("action: sorteo"));
      // What the operator adds is no bet.
      if (this.#world.isStoreDurable || this.operator.isAtWork) return;
      throw ledger.broken("the draw is held while bets are under way");
    } else if (line.includes("restart the central")) {
      this.#stopSoon();
    }
  }

  /** Whether it runs, alone and on the store that it left. */
  get #isUndisturbed(): boolean {
    const hasRival = this.#rival?.isAlive === true;
    return this.#isOpen && !hasRival && !this.operator.isAtWork;
  }

  get #config(): Config {
    return readConfig({
      program: "server",
      document: null,
      file: "",
      env: (name) => this.#trial?.env[name] ?? this.#env[name],
    });
  }

  #start(): void {
    if (this.#process || !this.#isUp || this.#isLastStop) return;
    this.#lives++;
    this.#trial = this.operator.planTrial(this.#isNextRefused);
    this.#isNextRefused = false;
    const { random, trace, loop } = this.#world;
    const name = `central#${this.#lives}`;
    const process = new SimulatedProcess(name, "central", random, this.#env);
    this.#process = process;
    trace.add("central", "starts");
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    loop.schedule(process, 0, () => {
      runCentral({ config: this.#config, signal, flags: {} }).then(
        () => this.#onExit(process, undefined),
        (error) => this.#onExit(process, error),
      );
    });
  }

  #onExit(process: SimulatedProcess, error: unknown): void {
    if (!process.isAlive) return;
    this.#world.trace.add("central", `exits: ${error ?? "in good order"}`);
    if (error === undefined) this.#world.ledger.checkLeftovers(process);
    else this.#handleFailure(error);
    this.#end(false);
    this.#startLater(MAX_RESTART_MS);
  }

  /**
   * Only disk faults may prevent a start, each with its message. Once the store
   * is open, only a change of its files may end the central.
   */
  #handleFailure(error: unknown): void {
    if (!(error instanceof ProgramError)) {
      this.#world.fail(error);
      return;
    }
    if (this.#isOpen && !this.operator.isAtWork) {
      this.#world.ledger.broken(`the central gives up: ${error.message}`);
    }
    if (
      this.#world.centralDisk.full && error.message.includes("No space left")
    ) {
      this.#world.ledger.broken(`a full disk prevents a start: ${error}`);
    }
    const { cause } = error;
    // The operator puts back what is damaged.
    if (this.operator.isAtWork) return;
    if (cause instanceof DamagedStoreError) this.operator.repair(cause);
    if (cause instanceof StoreMismatchError) this.#world.fail(error);
  }

  #stopSoon(): void {
    const process = this.#process!;
    const { loop, random } = this.#world;
    loop.schedule(
      process,
      random.between(1, this.#maxNoticeMs),
      () => this.stop(),
    );
  }

  #end(isSilent: boolean): void {
    // If the first one had ended, it would get the store.
    this.#rival?.end();
    this.#isOpen = false;
    this.#trial = undefined;
    this.#process?.end(isSilent);
    this.#process = undefined;
    this.operator.putBack();
  }

  #startLater(maxMs: number): void {
    const { loop, random } = this.#world;
    loop.schedule(undefined, random.between(1, maxMs), () => this.#start());
  }
}

/** On a full disk a torn tail cannot be copied, and stays. */
function tornBytesLeft(line: string): number {
  const [, bytes] = /discarded_bytes: (\d+)(?!.*bets\.csv\.torn-)/.exec(line) ??
    [];
  return Number(bytes ?? 0);
}
