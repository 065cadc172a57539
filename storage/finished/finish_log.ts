// The finished file, `<store>.finished`: which agencies have finished, and the
// draw (docs/storage.md).

import { assertInvariant } from "../../program/errors.ts";
import type { AppendLog } from "../append_log.ts";
import { BettingClosedError, StorageError } from "../errors.ts";
import type { FinishState } from "./finish_state.ts";
import { type FinishEvent, formatRecord } from "./finish_record.ts";
import type { LogEnd } from "../format/seal.ts";

export class FinishLog {
  readonly #log: AppendLog;
  readonly #state: FinishState;
  readonly #betsEnd: () => LogEnd;
  /** Records under way, by event and number. */
  readonly #pending = new Map<string, Promise<void>>();

  /** `betsEnd` returns where the bets file ends. */
  constructor(log: AppendLog, state: FinishState, betsEnd: () => LogEnd) {
    this.#log = log;
    this.#state = state;
    this.#betsEnd = betsEnd;
  }

  get agencies(): ReadonlySet<number> {
    return this.#state.agencies;
  }

  /** The draw's number of agencies, if it is held. */
  get drawAgencies(): number | undefined {
    return this.#state.drawAgencies;
  }

  /**
   * Records it once. Throws a `StorageError` if it cannot be recorded, a
   * `BettingClosedError` if the draw was held without the agency.
   */
  async finish(agency: number): Promise<void> {
    if (this.agencies.has(agency)) return await this.#log.confirmStored();
    if (this.drawAgencies !== undefined) throw new BettingClosedError();
    await this.#record("finish", agency);
  }

  async holdDraw(agencies: number): Promise<void> {
    if (this.drawAgencies !== undefined) return await this.#log.confirmStored();
    await this.#record("draw", agencies);
  }

  /** Records that bets may be added from now on, unless the draw is held. */
  async start(): Promise<void> {
    if (this.drawAgencies !== undefined) return;
    if (this.#state.isStarted) return await this.#log.confirmStored();
    await this.#record("start");
  }

  /**
   * Closes the file. `isWhole`: whether the bets file ends where it was
   * committed. If so, that is recorded, so that later changes by other programs
   * are noticed.
   */
  async close({ isWhole }: { isWhole: boolean }): Promise<void> {
    if (isWhole && this.#state.isStarted) await this.#tryStop();
    await this.#log.close();
  }

  async #tryStop(): Promise<void> {
    try {
      await this.#record("stop");
    } catch (error) {
      // Without the record, as after a crash, the next start detects less.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** Accepts nothing more if another program has changed or removed the file. */
  checkFile(): void {
    this.#log.checkFile();
  }

  /** Appends a record; simultaneous requests for the same one share it. */
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
    const line = formatRecord(record, this.#log.writeStart);
    await this.#log.append(line).settled;
    const problem = this.#state.add(record);
    assertInvariant(!problem, `a record that is written is right: ${problem}`);
  }
}
