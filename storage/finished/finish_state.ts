// The content of the finished file: who has finished, whether the draw is held,
// and the state of the bets file that this implies.

import { StoreMismatchError } from "../errors.ts";
import { firstUnfinished } from "./draw_fit.ts";
import type { FinishRecord } from "./finish_record.ts";
import { EMPTY_END, type LogEnd } from "../format/seal.ts";

/** Where the finished file of a store is whose bets file is at `path`. */
export function finishedPath(path: string): string {
  return `${path}.finished`;
}

export class FinishState {
  readonly #agencies = new Set<number>();
  readonly #records: FinishRecord[] = [];
  #drawAgencies: number | undefined;
  #isStarted = false;

  get agencies(): ReadonlySet<number> {
    return this.#agencies;
  }

  /** The draw's number of agencies, if it is held. */
  get drawAgencies(): number | undefined {
    return this.#drawAgencies;
  }

  /** Whether bets may follow the last record, unless the draw is held. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  get records(): readonly FinishRecord[] {
    return this.#records;
  }

  /** Returns what is wrong with the record, if anything. */
  add(record: FinishRecord): string | undefined {
    this.#dropCutOff(record);
    const problem = this.#findProblem(record);
    if (problem) return problem;
    const { event, number } = record;
    if (event === "finish") this.#agencies.add(number);
    if (event === "draw") this.#drawAgencies = number;
    if (event === "start") this.#isStarted = true;
    if (event === "stop") this.#isStarted = false;
    this.#records.push(record);
    return undefined;
  }

  /**
   * Removes records of the bets file's last write if it was torn and cut off.
   * Only records of a start or a stop remain.
   */
  #dropCutOff({ bets }: FinishRecord): void {
    for (;;) {
      const last = this.#records.at(-1);
      if (!last || last.bets.size <= bets.size) return;
      if (isFinal(last) || last.bets.write > bets.size) return;
      this.#records.pop();
    }
  }

  #findProblem({ event, number, bets }: FinishRecord): string | undefined {
    const last = this.#records.at(-1);
    if (last && last.bets.size > bets.size) {
      return "the bets file never becomes smaller";
    }
    if (event === "finish" && this.#agencies.has(number)) {
      return `agency ${number} has finished before`;
    }
    if (event === "stop") return undefined;
    if (this.#drawAgencies !== undefined) return "nothing follows a draw";
    if (event !== "draw") return undefined;
    const agency = firstUnfinished(this.#agencies);
    return agency <= number
      ? `a draw, but agency ${agency} has not finished`
      : undefined;
  }
}

function isFinal({ event }: FinishRecord): boolean {
  return event === "finish" || event === "draw";
}

/** Checks that a bets file is the one that the records were made for. */
export class BetsCheck {
  readonly #path: string;
  readonly #state: FinishState;
  /** How many records the bets read so far agree with. */
  #checked = 0;

  /** `path` names the bets file in errors. */
  constructor(path: string, state: FinishState) {
    this.#path = path;
    this.#state = state;
    this.onBatch(EMPTY_END);
  }

  /**
   * Number of bytes that are known to be flushed. A `finish` or a `draw` proves
   * it for all bets before it; a `start` or a `stop` only up to the last write,
   * which may still be torn and is then cut off.
   */
  get flushedSize(): number {
    let size = 0;
    for (const record of this.#state.records) {
      const { bets } = record;
      size = Math.max(size, isFinal(record) ? bets.size : bets.write);
    }
    return size;
  }

  /** Compares the end of a batch with the records made there. */
  onBatch({ size, write, crc }: LogEnd): void {
    for (;;) {
      const bets = this.#state.records[this.#checked]?.bets;
      if (!bets || bets.size > size) return;
      if (bets.size !== size || bets.write !== write || bets.crc !== crc) {
        throw this.#mismatch(
          `the bets file had other bets before byte ${bets.size}`,
        );
      }
      this.#checked++;
    }
  }

  /**
   * `end` is the end of the whole batches, `size` includes a torn tail:
   * something of the last write is left.
   */
  onEnd(end: LogEnd, size: number): void {
    const { records, isStarted, drawAgencies } = this.#state;
    const known = records.at(-1)?.bets ?? EMPTY_END;
    const isShort = end.size < this.flushedSize ||
      (size <= known.write && known.size > 0);
    const mayGrow = isStarted && drawAgencies === undefined;
    const isLong = !mayGrow && end.size > known.size;
    if (!isShort && !isLong) return;
    throw this.#mismatch(
      `the bets file has ${size} bytes, and had ${known.size}`,
    );
  }

  #mismatch(what: string): StoreMismatchError {
    return new StoreMismatchError(
      `"${this.#path}" and "${
        finishedPath(this.#path)
      }" do not belong together: ${what}; restore both from one backup`,
    );
  }
}
