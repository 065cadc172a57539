/**
 * Bets as the columns of one statement.
 *
 * @module
 */

import { type Batch, type Bet, unpackBets } from "../bet/bet.ts";

/** A batch's place in the table, and its bets. */
export interface BatchKey {
  /** The agency's id. */
  agency: number;
  /** The fingerprint as PostgreSQL's `bigint` has it. */
  source: string;
}

/**
 * Returns the key of a batch.
 *
 * @param batch The batch.
 * @returns Agency and source.
 */
export function keyOf(
  { agency, fingerprint }: Pick<Batch, "agency" | "fingerprint">,
): BatchKey {
  const source = BigInt.asIntN(64, BigInt(`0x${fingerprint}`)).toString();
  return { agency, source };
}

/** Collects bets as arrays, each in the text that PostgreSQL reads. */
export class BetColumns {
  readonly #columns: string[][] = Array.from({ length: 8 }, () => []);

  /**
   * Adds the bets of a batch.
   *
   * @param batch The batch.
   */
  add(batch: Batch): void {
    const { agency, source } = keyOf(batch);
    let position = batch.betIndex;
    for (const bet of unpackBets(batch.bets)) {
      if (isGap(bet)) {
        position++;
        continue;
      }
      const fields = [
        String(agency),
        source,
        String(position++),
        quote(bet.firstName),
        quote(bet.lastName),
        bet.document,
        bet.birthdate,
        bet.number,
      ];
      for (const [i, column] of this.#columns.entries()) {
        column.push(fields[i]!);
      }
    }
  }

  /** The arrays, in the order of the table's columns. */
  get parameters(): string[] {
    return this.#columns.map((column) => `{${column.join()}}`);
  }
}

function isGap(bet: Bet): boolean {
  return Object.values(bet).every((field) => field === "");
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
