/**
 * The draw: who has finished, when it is held, and who waits for it.
 *
 * It is held once agencies 1 to N have finished, which the store remembers; so
 * nothing of the draw itself has to be stored, and a central that is started
 * again after it knows of it from the start.
 *
 * @module
 */

import { action, getLogger } from "../program/logging.ts";
import type { Store } from "../storage.ts";

/** What the draw asks of the store. */
export type DrawStore = Pick<
  Store,
  "finish" | "finished" | "whenIdle" | "winners"
>;

/** The one draw of a store. */
export class Draw {
  readonly #agencies: number;
  readonly #store: DrawStore;
  readonly #waiting = new Set<() => void>();
  /** The lowest id that has not finished. */
  #nextToFinish = 1;
  #isBettingClosed: boolean;
  #isHeld: boolean;

  /**
   * Opens the draw, or takes it up where the store says it stands.
   *
   * @param agencies How many agencies take part, numbered from 1; 0 for no draw.
   * @param store Who has finished, and who wins.
   */
  constructor(agencies: number, store: DrawStore) {
    this.#agencies = agencies;
    this.#store = store;
    this.#isBettingClosed = this.#isHeld = this.#haveAllFinished();
    if (this.#isHeld) this.#log("recuperar_sorteo");
  }

  /** Whether the result is known. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Whether new bets come too late. */
  get isBettingClosed(): boolean {
    return this.#isBettingClosed;
  }

  /**
   * Says whether an agency may bet; without a draw every one may.
   *
   * @param agency The agency's id.
   * @returns Whether it may.
   */
  admits(agency: number): boolean {
    return this.#agencies === 0 || this.hasPart(agency);
  }

  /**
   * Says whether an agency takes part in the draw.
   *
   * @param agency The agency's id.
   * @returns Whether it does.
   */
  hasPart(agency: number): boolean {
    return agency <= this.#agencies;
  }

  /**
   * Records that an agency has no more bets, and holds the draw if it was the
   * last one.
   *
   * @param agency The agency's id; finishing again changes nothing.
   * @throws {StorageError} If it cannot be recorded, or if what was stored before
   * is known at the next start only; then the draw is held there.
   */
  async finish(agency: number): Promise<void> {
    await this.#store.finish(agency);
    if (this.#isBettingClosed || !this.#haveAllFinished()) return;
    this.#isBettingClosed = true;
    // What was taken before must be stored or refused first: the result of a
    // draw never changes.
    await this.#store.whenIdle();
    this.#isHeld = true;
    this.#log("sorteo");
    for (const wake of this.#waiting) wake();
  }

  /**
   * Waits until the draw is held. Waiting costs an entry in a set.
   *
   * @param signal Ends the wait.
   * @returns Whether the draw is held.
   */
  async held(signal: AbortSignal): Promise<boolean> {
    if (this.#isHeld || signal.aborted) return this.#isHeld;
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    this.#waiting.add(wake);
    signal.addEventListener("abort", () => wake(), { once: true });
    await promise;
    this.#waiting.delete(wake);
    return this.#isHeld;
  }

  /**
   * The winners of an agency, once the draw is held.
   *
   * @param agency The agency's id.
   * @returns Their documents, in the order in which the bets were stored.
   */
  winners(agency: number): readonly string[] {
    return this.#store.winners(agency);
  }

  #haveAllFinished(): boolean {
    if (this.#agencies === 0) return false;
    const { finished } = this.#store;
    while (finished.has(this.#nextToFinish)) this.#nextToFinish++;
    return this.#nextToFinish > this.#agencies;
  }

  #log(name: string): void {
    getLogger().info(action(name, "success", { agencias: this.#agencies }));
  }
}
