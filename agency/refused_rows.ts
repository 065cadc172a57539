// Collects and logs the rows that are not stored.

import { formatAction, getLogger } from "../program/logging.ts";
import type { Refusal } from "../protocol/mod.ts";
import { IndexSet } from "./index_set.ts";
import type { OutgoingBatch } from "./outgoing_batch.ts";
import type { RecordReader } from "./source/record_reader.ts";

/** Most rows to log as errors: a file may have millions. */
const MAX_ERRORS = 100;

/** A row that cannot be sent or breaks a rule. */
export interface RefusedRow {
  /** Its line number in the file, from 1. */
  line: number;
  /** The index of its record in the file, from 0. */
  index: number;
  /** Why it is not stored. */
  reason: string;
}

export class RefusedRows {
  readonly indexes: IndexSet = new IndexSet();
  readonly #log = getLogger();
  readonly #maxErrors: number;
  readonly #onRefused: ((row: RefusedRow) => void) | undefined;
  #logged = 0;
  /**
   * Unsendable rows that are not logged yet, because rows above them are still
   * without a reply.
   */
  readonly #waiting: { line: number; reason: string }[] = [];

  /** The first `maxErrors` rows are logged as errors, the others at DEBUG. */
  constructor(
    onRefused: ((row: RefusedRow) => void) | undefined,
    maxErrors: number = MAX_ERRORS,
  ) {
    this.#maxErrors = maxErrors;
    this.#onRefused = onRefused;
  }

  get count(): number {
    return this.indexes.size;
  }

  addUnsendable({ line, index, problem }: RecordReader): void {
    this.#add({ line, index, reason: problem });
    this.#waiting.push({ line, reason: problem });
    if (this.#waiting.length > this.#maxErrors) this.logBefore(Infinity);
  }

  /** Whether unsendable rows wait to be logged. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Logs the unsendable rows above a line of the file. */
  logBefore(line: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.line < line) {
      const row = this.#waiting.shift()!;
      this.#logRow(row.line, row.reason);
    }
  }

  addInvalid(batch: OutgoingBatch, invalid: ReadonlyMap<number, string>): void {
    for (const [place, reason] of invalid) {
      this.#addBet(batch, place, reason);
      const line = batch.lineAt(place);
      this.logBefore(line);
      this.#logRow(line, reason, () => ({
        hint: batch.adviceAt(place),
        row: batch.fieldsAt(place).join(),
      }));
    }
  }

  /**
   * Adds a batch's refused bets, by place. Logs one line for the batch, about the
   * bet that the central named, and one for each other invalid bet.
   */
  addRefused(
    batch: OutgoingBatch,
    { error, index, reason }: Refusal,
    invalid: ReadonlyMap<number, string>,
  ): void {
    const [first] = invalid.keys();
    const named = invalid.has(index) ? index : first!;
    this.#addBet(batch, named, invalid.get(named) ?? reason);
    const isInvalid = error === "INVALID_BET";
    this.logBefore(batch.lineAt(named));
    this.#log.error(formatAction("apuesta_enviada", "fail", {
      cantidad: batch.count,
      line: batch.lineAt(named),
      error,
      reason,
      // Only the agency, whose data it is, logs the row itself.
      hint: isInvalid ? batch.adviceAt(named) : undefined,
      row: isInvalid ? batch.fieldsAt(named).join() : undefined,
    }));
    const others = new Map(invalid);
    others.delete(named);
    if (isInvalid) this.addInvalid(batch, others);
    else for (const [place] of others) this.#addBet(batch, place, reason);
  }

  /** Logs the rows that still wait, and how many were logged only at DEBUG. */
  complete(): void {
    this.logBefore(Infinity);
    if (this.#logged <= this.#maxErrors) return;
    this.#log.warn(formatAction("read_bet", "fail", {
      rows: this.#logged,
      debug_only: this.#logged - this.#maxErrors,
    }));
  }

  #addBet(batch: OutgoingBatch, place: number, reason: string): void {
    const index = batch.betIndex + place;
    this.#add({ line: batch.lineAt(place), index, reason });
  }

  #add(row: RefusedRow): void {
    if (this.indexes.add(row.index)) this.#onRefused?.(row);
  }

  #logRow(
    line: number,
    reason: string,
    more?: () => Record<string, string | undefined>,
  ): void {
    const write = () =>
      formatAction("read_bet", "fail", { line, reason, ...more?.() });
    this.#logged++;
    if (this.#logged <= this.#maxErrors) this.#log.error(write());
    else this.#log.debug(write);
  }
}
