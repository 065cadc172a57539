// The draw of a store that several centrals share. Any of them may hold it.

import {
  type DrawHolder,
  findDrawMisfit,
  firstUnfinished,
  type StoreDraw,
} from "../../storage/mod.ts";
import { UnfitDatabaseError } from "../connection/errors.ts";
import type { DrawState, DrawTables } from "./draw_tables.ts";
import type { StoreCounts } from "../store_counts.ts";

export class SharedDraw implements StoreDraw {
  readonly #tables: DrawTables;
  readonly #stats: StoreCounts;
  readonly #held = Promise.withResolvers<DrawHolder>();
  #areWinnersCounted = false;
  readonly agencies: number;
  isHeld = false;

  constructor(tables: DrawTables, agencies: number, stats: StoreCounts) {
    this.#tables = tables;
    this.#stats = stats;
    this.agencies = agencies;
  }

  get held(): Promise<DrawHolder> {
    return this.#held.promise;
  }

  /**
   * Finds a draw that was held before this start. Throws if the draw would
   * leave out an agency.
   */
  async recover(): Promise<void> {
    const state = await this.#tables.read();
    this.#stats.finished = state.finished;
    if (!state.isHeld) this.#checkFit(undefined);
    await this.#take(state, "earlier");
  }

  /**
   * Polls for other centrals' changes. Holds the draw if a central died after
   * it recorded the last FINISH.
   */
  async look(): Promise<void> {
    await this.#take(await this.#tables.read(), "elsewhere");
    if (!this.isHeld) await this.#holdIfComplete();
  }

  /**
   * Records that an agency has finished, and holds the draw if it was the last.
   */
  async finish(agency: number): Promise<void> {
    await this.#tables.finish(agency);
    await this.look();
  }

  async #take(
    { isHeld, agencies, finished }: DrawState,
    holder: DrawHolder,
  ): Promise<void> {
    this.#stats.finished = finished;
    if (!isHeld) return;
    // Version 1 did not record the number.
    if (agencies === undefined && !this.#isComplete) {
      throw new UnfitDatabaseError(
        `its draw was held with other agencies than ${this.agencies}`,
      );
    }
    this.#checkFit(agencies ?? this.agencies);
    await this.#onHeld(holder);
  }

  #checkFit(held: number | undefined): void {
    const { agencyBets, finished } = this.#stats;
    const misfit = findDrawMisfit({
      expected: this.agencies,
      held,
      withBets: agencyBets.keys(),
      finished,
    });
    if (misfit) throw new UnfitDatabaseError(`its draw ${misfit}`);
  }

  /** Whether all agencies of the draw have finished. */
  get #isComplete(): boolean {
    return this.agencies > 0 &&
      firstUnfinished(this.#stats.finished) > this.agencies;
  }

  async #holdIfComplete(): Promise<void> {
    if (!this.#isComplete) return;
    if (await this.#tables.hold(this.agencies)) await this.#onHeld("here");
  }

  async #onHeld(holder: DrawHolder): Promise<void> {
    this.isHeld = true;
    this.#held.resolve(holder);
    if (this.#areWinnersCounted) return;
    this.#stats.winners = await this.#tables.winnerCounts();
    this.#areWinnersCounted = true;
  }
}
