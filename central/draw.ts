/**
 * The draw: who has finished, when it is held, and who waits for it.
 *
 * It is held once agencies 1 to N have finished. The store records who has
 * finished, and sees to it that no bet is stored after the draw.
 *
 * @module
 */

import { formatAction, getLogger } from "../program/logging.ts";
import type { Store } from "../storage.ts";

/** The part of the store that the draw uses. */
export type DrawStore = Pick<
  Store,
  "drawHeld" | "finish" | "holdDraw" | "startDraw" | "winners"
>;

/** The one draw of a store. */
export class Draw {
  /** Number of agencies that take part, 0 for no draw. */
  readonly agencies: number;
  readonly #store: DrawStore;
  readonly #waiting = new Set<() => void>();
  #isHeld: boolean;
  #heldAtMs: number | undefined;

  /**
   * Creates the draw in the state that follows from the store.
   *
   * @param agencies Number of agencies that take part, with ids from 1. 0 means
   * no draw.
   * @param store Records who has finished, and finds the winners.
   */
  constructor(agencies: number, store: DrawStore) {
    this.agencies = agencies;
    this.#store = store;
    this.#isHeld = store.startDraw(agencies);
    if (this.#isHeld) this.#log("recover_draw");
    if (agencies === 0) return;
    store.drawHeld.then(() => this.#hold("recover_draw"));
  }

  /** Whether the draw has been held. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * When it was held, in milliseconds since 1970, or `undefined` if that was
   * before the start or not at all.
   */
  get heldAtMs(): number | undefined {
    return this.#heldAtMs;
  }

  /**
   * True if an agency may bet. Without a draw every agency may.
   *
   * @param agency The agency's id.
   * @returns Whether its bets are accepted.
   */
  admits(agency: number): boolean {
    return this.agencies === 0 || this.hasPart(agency);
  }

  /**
   * True if an agency takes part in the draw.
   *
   * @param agency The agency's id.
   * @returns Whether it takes part.
   */
  hasPart(agency: number): boolean {
    return agency <= this.agencies;
  }

  /**
   * Records that an agency has no more bets. Holds the draw if it was the last
   * one.
   *
   * @param agency The agency's id. Finishing again changes nothing.
   * @throws {StorageError} If it cannot be recorded, or if only the next start
   * can tell which earlier bets are stored; the draw is then held after that
   * start.
   */
  async finish(agency: number): Promise<void> {
    await this.#store.finish(agency);
    if (this.#isHeld || this.agencies === 0) return;
    if (await this.#store.holdDraw(this.agencies)) this.#hold("sorteo");
  }

  /**
   * Waits until the draw is held.
   *
   * @param signal Ends the wait.
   * @returns False if the signal ended the wait before the draw was held.
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
   * Returns the winners of an agency, once the draw is held.
   *
   * @param agency The agency's id.
   * @returns Their documents, in the order in which the bets were stored.
   * @throws {StorageError} If they cannot be looked up now.
   */
  winners(agency: number): readonly string[] | Promise<readonly string[]> {
    return this.#store.winners(agency);
  }

  #hold(action: string): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#heldAtMs = Date.now();
    this.#log(action);
    for (const wake of this.#waiting) wake();
  }

  #log(name: string): void {
    getLogger().info(
      formatAction(name, "success", { agencies: this.agencies }),
    );
  }
}
