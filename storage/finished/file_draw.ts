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
  /** The lowest agency id of the draw that has not finished. */
  #nextToFinish = 1;
  #isBettingClosed = false;
  #isHeld = false;
  #holding: Promise<void> | undefined;

  constructor(agencies: number, options: FileDrawOptions) {
    this.agencies = agencies;
    this.#finishLog = options.finishLog;
    this.#whenIdle = options.whenIdle;
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
   * Holds the draw if all agencies have finished, unless it is held. A crash may
   * have come before its record was durable: then a start makes it so, or if
   * that fails, an agency that finishes again. Throws a `StorageError` if it
   * cannot be recorded.
   */
  async holdIfDue(): Promise<void> {
    if (this.#isHeld || !this.#haveAllFinished()) return;
    this.#isBettingClosed = true;
    this.#holding ??= this.#hold().finally(() => this.#holding = undefined);
    await this.#holding;
  }

  async #hold(): Promise<void> {
    const isRecorded = this.#finishLog.drawAgencies !== undefined;
    await this.#whenIdle();
    await this.#finishLog.holdDraw(this.agencies);
    this.#isHeld = true;
    this.#held.resolve(isRecorded ? "earlier" : "here");
  }

  #haveAllFinished(): boolean {
    const { agencies } = this.#finishLog;
    this.#nextToFinish = firstUnfinished(agencies, this.#nextToFinish);
    return this.agencies > 0 && this.#nextToFinish > this.agencies;
  }
}
