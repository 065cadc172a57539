// The draw of a store in files.

import { firstUnfinished } from "./draw_fit.ts";
import type { FinishLog } from "./finish_log.ts";
import type { DrawHolder, StoreDraw } from "../store.ts";

export interface FileDrawOptions {
  finishLog: FinishLog;
  /**
   * Waits until every batch is stored or refused; rejects if that is unknown.
   */
  whenIdle: () => Promise<void>;
}

export class FileDraw implements StoreDraw {
  /** Number of participating agencies, with ids from 1; 0 for no draw. */
  readonly agencies: number;
  readonly #finishLog: FinishLog;
  readonly #whenIdle: () => Promise<void>;
  readonly #held = Promise.withResolvers<DrawHolder>();
  readonly #holder: DrawHolder;
  #isBettingClosed = false;
  #isHeld = false;

  constructor(agencies: number, options: FileDrawOptions) {
    this.agencies = agencies;
    this.#finishLog = options.finishLog;
    this.#whenIdle = options.whenIdle;
    const isRecorded = this.#finishLog.drawAgencies !== undefined;
    this.#holder = isRecorded ? "earlier" : "here";
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get held(): Promise<DrawHolder> {
    return this.#held.promise;
  }

  /** Whether new bets are rejected, although some may be under way. */
  get isBettingClosed(): boolean {
    return this.#isBettingClosed;
  }

  /**
   * Holds the draw once all agencies have finished; does nothing if it is held.
   * Also called at the start and when an agency finishes again: a crash may have
   * come before the draw's record was on disk. Throws a `StorageError` if it
   * cannot be recorded.
   */
  async holdIfDue(): Promise<void> {
    if (this.#isHeld || !this.#haveAllFinished()) return;
    this.#isBettingClosed = true;
    await this.#whenIdle();
    await this.#finishLog.holdDraw(this.agencies);
    this.#isHeld = true;
    this.#held.resolve(this.#holder);
  }

  #haveAllFinished(): boolean {
    const { agencies } = this.#finishLog;
    // Counted first: looking up each one each time would take too long.
    return this.agencies > 0 && agencies.size >= this.agencies &&
      firstUnfinished(agencies) > this.agencies;
  }
}
