// Records everything that was guaranteed in a simulation, and checks the store.
// These are the test oracles: they use none of the code under test.

import { type BetRow, Code } from "../support/frames.ts";
import { parseStore, type StoredBatch } from "../support/stored.ts";
import type { SimulatedProcess } from "./event_loop.ts";
import type { Trace } from "./trace.ts";
import { type Following, type SentBatch, WireTap } from "./wire_tap.ts";

/** A guarantee was broken. */
export class BrokenGuarantee extends Error {
  override name = "BrokenGuarantee";
}

/** A bets file that agencies or other clients send. */
export interface KnownFile {
  agency: number;
  fingerprint: string;
  /** Its records by their index. */
  rows: readonly BetRow[];
  /** Indexes of records that are not bets or break a rule. */
  invalid: ReadonlySet<number>;
  /**
   * Whether its bets are stored in their order. The rest of a refused batch may
   * follow later batches.
   */
  isOrdered: boolean;
}

interface FileRecord extends KnownFile {
  /** The fields of each bet as one text. */
  texts: readonly string[];
  /** Indexes of bets that were answered with OK. */
  acknowledged: Set<number>;
  /** Indexes of bets refused because of the draw. */
  late: Set<number>;
}

/** Indexes of the stored bets of each file, in the store's order. */
export type StoredIndexes = ReadonlyMap<string, readonly number[]>;

const WINNING_NUMBER = 7574;

/** Records guarantees and checks them. */
export class Ledger {
  readonly #trace: Trace;
  readonly #files = new Map<string, FileRecord>();
  readonly #finished = new Set<number>();
  /** Agencies whose FINISH was answered with OK. */
  readonly #recorded = new Set<number>();
  readonly #drawAgencies: number;
  /** The winners sent to each agency. */
  readonly #winners = new Map<number, string>();
  /** Whether the draw was held. */
  isDrawKnown = false;
  /** Number of bets answered with OK. */
  acknowledged = 0;
  /** The first guarantee that was broken. */
  failure: BrokenGuarantee | undefined;

  constructor(trace: Trace, drawAgencies: number) {
    this.#trace = trace;
    this.#drawAgencies = drawAgencies;
  }

  /** Adds a file that will be sent. */
  addFile(file: KnownFile): void {
    this.#files.set(keyOf(file), {
      ...file,
      texts: file.rows.map((row) => row.join("\n")),
      acknowledged: new Set(),
      late: new Set(),
    });
  }

  /** Follows a new connection. */
  tap(who: string, following?: Following): WireTap {
    return new WireTap(this, who, following);
  }

  /** Notes an OK that an agency has seen. */
  onOk(batch: SentBatch, who: string): void {
    const file = this.#fileOf(batch);
    this.#trace.add(who, `OK for ${describe(batch)}`);
    for (const index of batch.indexes) {
      if (file.invalid.has(index)) {
        throw this.broken(`OK for the invalid bet ${index} of ${keyOf(batch)}`);
      }
      if (!file.acknowledged.has(index)) this.acknowledged++;
      file.acknowledged.add(index);
    }
  }

  /** Notes a refusal that an agency has seen. */
  onRefused(batch: SentBatch, code: number): void {
    const file = this.#files.get(keyOf(batch));
    // A hostile peer's bets belong to no file.
    if (!file) return;
    const { indexes } = batch;
    if (code === Code.BETTING_CLOSED) {
      if (!this.isDrawKnown) {
        throw this.broken("betting is closed before the draw was held");
      }
      for (const index of indexes) file.late.add(index);
    } else if (!indexes.some((index) => file.invalid.has(index))) {
      throw this.broken(
        `code ${code} for valid bets ${describe(batch)} of ${keyOf(batch)}`,
      );
    }
  }

  /** Whether the store must know that the first agencies have finished. */
  haveFinished(agencies: number): boolean {
    for (let agency = 1; agency <= agencies; agency++) {
      if (!this.#recorded.has(agency)) return false;
    }
    return true;
  }

  /** Whether a bet of an agency was answered with OK. */
  hasBetsOf(agency: number): boolean {
    return [...this.#files.values()].some((file) =>
      file.agency === agency && file.acknowledged.size > 0
    );
  }

  /** Notes a FINISH that an agency has sent. */
  onFinishSent(agency: number, isEarly: boolean, who: string): void {
    this.#trace.add(who, "sends FINISH");
    if (isEarly) {
      throw this.broken(`agency ${agency} finishes before its last OK`);
    }
    this.#finished.add(agency);
  }

  /** Notes an OK for a FINISH. */
  onFinishRecorded(agency: number): void {
    this.#recorded.add(agency);
  }

  /** Notes winners that an agency has received. */
  onWinners(agency: number, documents: readonly string[], who: string): void {
    const told = documents.join();
    this.#trace.add(who, `gets ${documents.length} winners of ${agency}`);
    if (!this.isDrawKnown) {
      throw this.broken(`${who} gets winners before the draw`);
    }
    const before = this.#winners.get(agency);
    if (before !== undefined && before !== told) {
      throw this.broken(
        `the winners of agency ${agency} change from [${before}] to [${told}]`,
      );
    }
    this.#winners.set(agency, told);
  }

  /** Notes that the central holds the draw, or knows that it was held. */
  onDraw(isNew: boolean): void {
    if (isNew && this.isDrawKnown) {
      throw this.broken("the draw is held twice");
    }
    for (let agency = 1; agency <= this.#drawAgencies; agency++) {
      if (this.#finished.has(agency)) continue;
      throw this.broken(`the draw is held before agency ${agency} finishes`);
    }
    this.isDrawKnown = true;
  }

  /**
   * Checks a store that the central has just opened: it has every bet answered
   * with OK, none twice, and no unknown ones.
   */
  check(text: string): void {
    this.#check(this.#parse(text));
  }

  #check(batches: readonly StoredBatch[]): StoredIndexes {
    const stored = new Map<string, number[]>();
    for (const batch of batches) {
      const file = this.#fileOf(batch);
      const indexes = stored.get(keyOf(batch)) ?? [];
      stored.set(keyOf(batch), indexes);
      for (const [i, bet] of batch.bets.entries()) {
        const index = batch.betIndexes[i]!;
        this.#checkBet(file, index, bet);
        if (file.isOrdered && index <= (indexes.at(-1) ?? -1)) {
          throw this.broken(
            `bet ${index} of ${keyOf(batch)} stands behind bet ${
              indexes.at(-1)
            }`,
          );
        }
        indexes.push(index);
      }
    }
    for (const [key, file] of this.#files) {
      const indexes = new Set(stored.get(key));
      if (indexes.size !== (stored.get(key)?.length ?? 0)) {
        throw this.broken(`a bet of ${key} is stored twice`);
      }
      for (const index of file.acknowledged) {
        if (indexes.has(index)) continue;
        throw this.broken(
          `bet ${index} of ${key} was answered with OK and is not stored`,
        );
      }
    }
    return stored;
  }

  /**
   * Checks a store at the end, when nothing is under way: its winners are the
   * ones that the agencies got.
   */
  checkEnd(text: string): StoredIndexes {
    const batches = this.#parse(text);
    const stored = this.#check(batches);
    const winners = new Map<number, string[]>();
    for (const { agency, bets } of batches) {
      const list = winners.get(agency) ?? [];
      winners.set(agency, list);
      for (const bet of bets) {
        if (Number(bet[4]) === WINNING_NUMBER) list.push(bet[2]!);
      }
    }
    for (const [agency, told] of this.#winners) {
      const expected = winners.get(agency)?.join() ?? "";
      if (told === expected) continue;
      throw this.broken(
        `agency ${agency} was told the winners [${told}], the store has [${expected}]`,
      );
    }
    return stored;
  }

  /** Checks a file that its agency has sent completely, and the exit code. */
  checkSent(
    file: KnownFile,
    exitCode: number | undefined,
    indexes: StoredIndexes,
  ): void {
    const record = this.#fileOf(file);
    const stored = new Set(indexes.get(keyOf(file)));
    let refused = 0;
    for (const index of file.rows.keys()) {
      if (stored.has(index)) continue;
      refused++;
      if (file.invalid.has(index) || record.late.has(index)) continue;
      throw this.broken(
        `${
          keyOf(file)
        } was sent completely, but its bet ${index} is not stored`,
      );
    }
    if (exitCode === undefined) return;
    if ((refused > 0) === (exitCode === 2)) return;
    throw this.broken(
      `the agency of ${
        keyOf(file)
      } exits with ${exitCode}, ${refused} rows are not stored`,
    );
  }

  /** Checks that a program that ends has closed everything. */
  checkLeftovers({ name, resources, timers }: SimulatedProcess): void {
    if (resources.size === 0 && timers === 0) return;
    this.broken(
      `${name} leaves ${resources.size} resources and ${timers} timers`,
    );
  }

  /** Records that a guarantee is broken, even if the caller swallows the error. */
  broken(what: string): BrokenGuarantee {
    const error = new BrokenGuarantee(what);
    this.failure ??= error;
    return error;
  }

  #parse(text: string): StoredBatch[] {
    try {
      return parseStore(text);
    } catch (error) {
      throw this.broken(`the store is not whole: ${error}`);
    }
  }

  #checkBet(file: FileRecord, index: number, bet: readonly string[]): void {
    if (file.invalid.has(index)) {
      throw this.broken(`the invalid bet ${index} of ${keyOf(file)} is stored`);
    }
    if (file.texts[index] === bet.join("\n")) return;
    throw this.broken(
      `bet ${index} of ${keyOf(file)} is stored as [${bet}], it is [${
        file.rows[index]
      }]`,
    );
  }

  #fileOf(batch: Pick<SentBatch, "agency" | "fingerprint">): FileRecord {
    const file = this.#files.get(keyOf(batch));
    if (file) return file;
    throw this.broken(`bets of the unknown file ${keyOf(batch)}`);
  }
}

function describe({ indexes }: SentBatch): string {
  return `${indexes[0]} to ${indexes.at(-1)}`;
}

function keyOf(
  { agency, fingerprint }: Pick<SentBatch, "agency" | "fingerprint">,
): string {
  return `${agency}:${fingerprint}`;
}
