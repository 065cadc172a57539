// The draw as agencies see it: who takes part and who waits. The store records
// who has finished, and holds it (storage/store.ts).

import { concatenate } from "../bytes/concatenate.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { encodeWinners, ProtocolError } from "../protocol/mod.ts";
import {
  type DrawHolder,
  findLeftOut,
  type Store,
  type StoreDraw,
} from "../storage/mod.ts";

export type DrawStore = Pick<Store, "draw" | "winners">;

export interface WinnersReply {
  readonly count: number;
  readonly frames: Uint8Array;
}

/** A draw cannot be undone, so it is said before it is held. */
export function warnOfLeftOut(
  { draw, stats }: Pick<Store, "draw" | "stats">,
): void {
  if (draw.isHeld) return;
  const { agencies } = draw;
  const { finished, agencyBets } = stats;
  const leftOut = findLeftOut(agencies, {
    withBets: agencyBets.keys(),
    finished,
  });
  if (!leftOut) return;
  getLogger().warn(formatAction("check_draw", "fail", {
    agencies,
    left_out: leftOut.names,
    reason:
      "these have bets or have finished, but will take no part in the draw",
    hint:
      `set draw.agencies to ${leftOut.highest} or more before the others have finished`,
  }));
}

export class Draw {
  /** Number of participating agencies, with ids from 1; 0 for no draw. */
  readonly agencies: number;
  readonly #store: DrawStore;
  readonly #draw: StoreDraw;
  readonly #winners = new Map<number, Promise<WinnersReply>>();
  readonly #waiting = new Set<() => void>();
  #heldAtMs: number | undefined;

  constructor(store: DrawStore) {
    const { draw } = store;
    this.agencies = draw.agencies;
    this.#store = store;
    this.#draw = draw;
    draw.held.then((holder) => this.#onHeld(holder));
  }

  get isHeld(): boolean {
    return this.#draw.isHeld;
  }

  /**
   * In milliseconds since 1970; `undefined` before the draw, or if it was held
   * before this start.
   */
  get heldAtMs(): number | undefined {
    return this.#heldAtMs;
  }

  /** Throws if an agency may not bet. Without a draw every agency may. */
  checkMayBet(agency: number): void {
    if (this.agencies > 0) this.checkHasPart(agency);
  }

  /** Throws if an agency does not take part in the draw. */
  checkHasPart(agency: number): void {
    if (agency <= this.agencies) return;
    const reason = this.agencies === 0
      ? "there is no draw (draw.agencies is 0)"
      : `only agencies 1 to ${this.agencies} take part in the draw`;
    throw new ProtocolError(
      "UNKNOWN_AGENCY",
      `Cannot serve agency ${agency}: ${reason}`,
    );
  }

  /** Waits until the draw is held; false if the signal ends the wait first. */
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
   * Returns an agency's winners once the draw is held. They never change, so
   * all connections share the encoded list, which may be long.
   */
  winners(agency: number): Promise<WinnersReply> {
    const known = this.#winners.get(agency);
    if (known) return known;
    const reply = this.#encodeWinners(agency);
    this.#winners.set(agency, reply);
    // The caller gets the failure; it is not cached.
    reply.catch(() => this.#winners.delete(agency));
    return reply;
  }

  async #encodeWinners(agency: number): Promise<WinnersReply> {
    const documents = await this.#store.winners(agency);
    return {
      count: documents.length,
      frames: concatenate(encodeWinners(documents)),
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
