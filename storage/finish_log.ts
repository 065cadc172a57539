/**
 * The finished file, `<store>.finished`: which agencies have finished, and the
 * draw (docs/storage.md).
 *
 * @module
 */

import { assertInvariant } from "../program/errors.ts";
import type { AppendLog } from "./append_log.ts";
import { BettingClosedError, StorageError } from "./errors.ts";
import type { FinishState } from "./finish_state.ts";
import { type FinishEvent, formatRecord } from "./format/finish_record.ts";
import type { LogEnd } from "./format/seal.ts";

/** Records durably which agencies have finished, and the draw. */
export class FinishLog {
  readonly #log: AppendLog;
  readonly #state: FinishState;
  readonly #betsEnd: () => LogEnd;
  /** Records under way, by the text that tells them apart. */
  readonly #pending = new Map<string, Promise<void>>();

  /** `betsEnd` returns where the bets file ends. */
  constructor(log: AppendLog, state: FinishState, betsEnd: () => LogEnd) {
    this.#log = log;
    this.#state = state;
    this.#betsEnd = betsEnd;
  }

  /** The agencies that have finished. */
  get agencies(): ReadonlySet<number> {
    return this.#state.agencies;
  }

  /** The number of agencies of the draw, if it is held. */
  get drawAgencies(): number | undefined {
    return this.#state.drawAgencies;
  }

  /**
   * Records that an agency has finished, unless it is recorded already.
   *
   * @throws {StorageError} If it cannot be recorded.
   * @throws {BettingClosedError} If the draw is held without it.
   */
  async finish(agency: number): Promise<void> {
    if (this.agencies.has(agency)) {
      const loss = this.checkFile();
      if (loss) throw loss;
      return;
    }
    if (this.drawAgencies !== undefined) throw new BettingClosedError();
    await this.#record("finish", agency);
  }

  /** Records that the draw is held. */
  async holdDraw(agencies: number): Promise<void> {
    await this.#record("draw", agencies);
  }

  /** Records that bets may be added from now on, unless the draw is held. */
  async start(): Promise<void> {
    if (this.#state.isStarted || this.drawAgencies !== undefined) return;
    await this.#record("start");
  }

  /**
   * Closes the file.
   *
   * @param isWhole Whether the bets file ends where it was committed. Then this
   * is recorded, so that bets that are added elsewhere are noticed.
   */
  async close({ isWhole }: { isWhole: boolean }): Promise<void> {
    if (isWhole && this.#state.isStarted) await this.#tryStop();
    await this.#log.close();
  }

  async #tryStop(): Promise<void> {
    try {
      await this.#record("stop");
    } catch (error) {
      // Without it, as after a crash, the next start notices less.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /**
   * Checks that no other program has changed or removed the file.
   *
   * @returns Why nothing is accepted, if it is lost.
   */
  checkFile(): StorageError | undefined {
    return this.#log.checkFile();
  }

  /** Appends a record, once if it is asked for twice at the same time. */
  #record(event: FinishEvent, number = 0): Promise<void> {
    const key = `${event},${number}`;
    let pending = this.#pending.get(key);
    if (!pending) {
      pending = this.#append(event, number)
        .finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #append(event: FinishEvent, number: number): Promise<void> {
    const record = { event, number, bets: this.#betsEnd() };
    await this.#log.append(formatRecord(record, this.#log.writeStart));
    const problem = this.#state.add(record);
    assertInvariant(!problem, `a record that is written is right: ${problem}`);
  }
}
