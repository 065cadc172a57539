// Faults at random moments, whatever the programs are doing: crashes, stops and
// cut connections.

import type { Agencies } from "./agencies.ts";
import { sendHostileBytes } from "./hostile_peer.ts";
import type { World } from "./world.ts";

/** Mean times between two faults; each run picks one. */
const MEAN_PAUSES_MS = [1_000, 5_000, 30_000];

/** Plans a run's random faults. */
export class Chaos {
  readonly #world: World;
  readonly #actions: readonly (readonly [string, () => void])[];
  readonly #meanPauseMs: number;

  constructor(world: World, agencies: Agencies) {
    this.#world = world;
    const { random, central } = world;
    this.#meanPauseMs = random.pick(MEAN_PAUSES_MS);
    const actions: [string, () => void][] = [
      ["kill the central", () => central.kill()],
      ["cut the central's power", () => central.cutPower()],
      ["stop the central", () => central.stop()],
      ["start a second central", () => central.startRival()],
      ["mishandle the store", () => central.mishandle()],
      ["fill the disk", () => central.operator.fillDisk()],
      ["kill an agency", () => agencies.killOne()],
      ["start an agency twice", () => agencies.startAgain()],
      ["send a second file", () => agencies.sendSecondFile()],
      ["silence a connection", () => this.#pick()?.silence()],
      ["reset a connection", () => this.#pick()?.reset()],
      ["hostile bytes", () => sendHostileBytes(world)],
    ];
    this.#actions = actions.filter(() => random.happens(0.5));
  }

  start(): void {
    if (this.#actions.length > 0) this.#planNext();
  }

  #planNext(): void {
    const { random, loop, faults } = this.#world;
    const uniform = (random.below(2 ** 20) + 1) / 2 ** 20;
    loop.schedule(undefined, -Math.log(uniform) * this.#meanPauseMs, () => {
      if (faults.areOver) return;
      this.#world.central.checkBounds();
      const [name, act] = random.pick(this.#actions);
      if (faults.inject(name, "chaos")) act();
      this.#planNext();
    });
  }

  #pick() {
    const open = [...this.#world.network.connections];
    return open.length > 0 ? this.#world.random.pick(open) : undefined;
  }
}
