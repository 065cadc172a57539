// A central that is killed and started again on the same store and port.

import { assertEquals, assertFalse } from "@std/assert";
import { delay } from "../support/deadline.ts";
import {
  type Ending,
  LISTEN_REGEXP,
  type RunningProgram,
  startProgram,
} from "../support/programs.ts";
import { untilTestEnds } from "./plan.ts";

/** Attempts to listen on the old port if it is in use. */
const LISTEN_ATTEMPTS = 20;
const LISTEN_DELAY_MS = 250;

/** One central over many lives. */
export class CrashingCentral {
  readonly store: string;
  readonly #env: Record<string, string>;
  readonly #task: string;
  #program: RunningProgram;
  #port = 0;

  private constructor(
    store: string,
    env: Record<string, string>,
    task: string,
  ) {
    this.store = store;
    this.#env = env;
    this.#task = task;
    this.#program = this.#spawn();
  }

  /** Starts it on a free port, and waits until it listens. */
  static async start(
    store: string,
    env: Record<string, string> = {},
    task = "server",
  ): Promise<CrashingCentral> {
    const central = new CrashingCentral(store, env, task);
    const [, port] = await central.#program.line(LISTEN_REGEXP);
    central.#port = Number(port);
    return central;
  }

  /** The port, the same in each life. */
  get port(): number {
    return this.#port;
  }

  /** The process of this life. */
  get program(): RunningProgram {
    return this.#program;
  }

  /** Kills it with SIGKILL, and asserts that it had no failure until then. */
  async crash(): Promise<void> {
    this.#program.kill("SIGKILL");
    assertWell(await this.#program.ending());
  }

  /** Starts it again without waiting until it listens. */
  revive(): void {
    this.#program = this.#spawn();
  }

  /** Starts it again and waits until it listens. */
  async restart(): Promise<void> {
    for (let attempt = 1;; attempt++) {
      this.revive();
      try {
        await this.#program.line(LISTEN_REGEXP);
        return;
      } catch (error) {
        const { code, stderr } = await this.#program.ending();
        const isTaken = stderr.includes("Cannot listen");
        if (!isTaken || attempt === LISTEN_ATTEMPTS) {
          throw new Error(`Cannot start central: exit code ${code}`, {
            cause: error,
          });
        }
        await delay(LISTEN_DELAY_MS);
      }
    }
  }

  /** Stops it with SIGTERM, and asserts that it had no failure. */
  async stop(): Promise<void> {
    const ending = await this.#program.stop();
    assertWell(ending);
    assertEquals(ending.code, 0);
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  #spawn(): RunningProgram {
    const program = startProgram(this.#task, {
      SERVER_STORE_FILE: this.store,
      SERVER_PORT: String(this.#port),
      ...this.#env,
    });
    return untilTestEnds(program);
  }
}

/** Asserts that a central met no fault of its own. */
export function assertWell({ stdout, stderr }: Ending): void {
  assertEquals(stderr, "");
  assertFalse(stdout.includes("CRITICAL"), stdout);
}
