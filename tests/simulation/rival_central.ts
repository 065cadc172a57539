// A second central on the same store. It has to give up while the first one runs.

import type { Config } from "../../program/config/config.ts";
import { ProgramError } from "../../program/errors.ts";
import { runCentral } from "../../server.ts";
import { StoreHeldError } from "../../storage/mod.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { World } from "./world.ts";

/** Starts a second central. */
export class RivalCentral {
  readonly #world: World;
  readonly #process: SimulatedProcess;

  constructor(
    world: World,
    env: Readonly<Record<string, string>>,
    config: Config,
  ) {
    this.#world = world;
    this.#process = new SimulatedProcess("rival", "central", world.random, env);
    world.loop.schedule(this.#process, 0, () => {
      const { signal } = new AbortController();
      runCentral({ config, signal, flags: {} }).then(
        () => world.ledger.broken("a second central runs and stops"),
        (error) => this.#onFailure(error),
      );
    });
  }

  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  /** Whether the running code is its. */
  get isRunning(): boolean {
    return this.isAlive && this.#world.loop.current === this.#process;
  }

  end(): void {
    this.#process.end();
  }

  #onFailure(error: unknown): void {
    const isHeld = error instanceof ProgramError &&
      error.cause instanceof StoreHeldError;
    if (!isHeld) this.#world.ledger.broken(`a second central fails: ${error}`);
    this.end();
  }
}
