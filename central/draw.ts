/**
 * The draw as agencies see it: who takes part, and who waits for it. The store
 * records who has finished, and holds it (storage/store.ts).
 *
 * @module
 */

import { formatAction, getLogger } from "../program/logging.ts";
import { encodeWinners } from "../protocol.ts";
import type { DrawHolder, Store, StoreDraw } from "../storage.ts";
import { joinFrames } from "./replies.ts";

/** The part of the store that the draw uses. */
export type DrawStore = Pick<Store, "draw" | "winners">;

/** An agency's winners, as they are sent. */
export interface WinnersReply {
  /** Number of winners. */
  readonly count: number;
  /** The WINNERS frames. */
  readonly frames: Uint8Array;
}

/** The one draw of a store. */
export class Draw {
  /** Number of agencies that take part, with ids from 1; 0 for no draw. */
  readonly agencies: number;
  readonly #store: DrawStore;
  readonly #draw: StoreDraw;
  readonly #winners = new Map<number, Promise<WinnersReply>>();
  readonly #waiting = new Set<() => void>();
  #heldAtMs: number | undefined;

  /** Logs when the draw is held. */
  constructor(store: DrawStore) {
    const { draw } = store;
    this.agencies = draw.agencies;
    this.#store = store;
    this.#draw = draw;
    draw.held.then((holder) => this.#onHeld(holder));
  }

  /** Whether the draw has been held. */
  get isHeld(): boolean {
    return this.#draw.isHeld;
  }

  /**
   * When it was held, in milliseconds since 1970, or `undefined` if that was
   * before the start or not at all.
   */
  get heldAtMs(): number | undefined {
    return this.#heldAtMs;
  }

  /** True if an agency may bet. Without a draw every agency may. */
  admits(agency: number): boolean {
    return this.agencies === 0 || this.hasPart(agency);
  }

  /** True if an agency takes part in the draw. */
  hasPart(agency: number): boolean {
    return agency <= this.agencies;
  }

  /**
   * Waits until the draw is held.
   *
   * @param signal Ends the wait.
   * @returns False if the signal ended the wait before the draw was held.
   */
  async held(signal: AbortSignal): Promise<boolean> {
    if (this.isHeld || signal.aborted) return this.isHeld;
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    this.#waiting.add(wake);
    signal.addEventListener("abort", () => wake(), { once: true });
    await promise;
    this.#waiting.delete(wake);
    return this.isHeld;
  }

  /**
   * Returns an agency's winners once the draw is held. They never change, so all
   * connections share the encoded list, which may be long.
   */
  winners(agency: number): Promise<WinnersReply> {
    const known = this.#winners.get(agency);
    if (known) return known;
    const reply = this.#encodeWinners(agency);
    this.#winners.set(agency, reply);
    // A failure, which the caller gets, is not kept.
    reply.catch(() => this.#winners.delete(agency));
    return reply;
  }

  async #encodeWinners(agency: number): Promise<WinnersReply> {
    const documents = await this.#store.winners(agency);
    return {
      count: documents.length,
      frames: joinFrames(encodeWinners(documents)),
    };
  }

  #onHeld(holder: DrawHolder): void {
    if (holder !== "earlier") this.#heldAtMs = Date.now();
    const name = holder === "here" ? "sorteo" : "recover_draw";
    getLogger().info(
      formatAction(name, "success", { agencies: this.agencies }),
    );
    for (const wake of this.#waiting) wake();
  }
}
