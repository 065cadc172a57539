// An open folder on a simulated disk.

import type { Resource, SimulatedProcess } from "./event_loop.ts";
import type { World } from "./world.ts";

/** Duration of a flush of the names. */
const FLUSH_MS = 0.2;

/** An open folder. Its names can be flushed. */
export class SimulatedFolder implements Resource {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #path: string;

  constructor(world: World, process: SimulatedProcess, path: string) {
    this.#world = world;
    this.#process = process;
    this.#path = path;
    process.resources.add(this);
  }

  /** Makes the names in the folder durable. */
  sync(): Promise<void> {
    return this.#world.loop.operate(FLUSH_MS, () => this.syncSync());
  }

  syncSync(): void {
    this.#world.diskOf(this.#process).flushFolder(this.#path);
  }

  close(): void {
    this.#process.resources.delete(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the folder of a process that has ended. */
  release(): void {}
}
