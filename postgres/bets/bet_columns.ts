// Bets as the parameters of one statement.

import { type Batch, unpackBets } from "../../bet/bet.ts";

/** Bets as arrays, in PostgreSQL's text format. */
export interface BetColumns {
  /** Bet indexes of each batch, in order. */
  positions: number[][];
  /** Positions and fields, in the order of the table's columns. */
  parameters: string[];
}

/** Converts a fingerprint to PostgreSQL's `bigint`. */
export function sourceOf(fingerprint: string): string {
  return BigInt.asIntN(64, BigInt(`0x${fingerprint}`)).toString();
}

export function columnsOf(batches: readonly Batch[]): BetColumns {
  const columns: string[][] = Array.from({ length: 6 }, () => []);
  const positions = batches.map(({ betIndex, bets }) => {
    const ofBatch: number[] = [];
    let position = betIndex - 1;
    for (const bet of unpackBets(bets)) {
      position++;
      // A gap only takes an index.
      if (bet.firstName === "") continue;
      ofBatch.push(position);
      columns[0]!.push(String(position));
      columns[1]!.push(quote(bet.firstName));
      columns[2]!.push(quote(bet.lastName));
      columns[3]!.push(bet.document);
      columns[4]!.push(bet.birthdate);
      columns[5]!.push(bet.number);
    }
    return ofBatch;
  });
  return { positions, parameters: columns.map(arrayOf) };
}

export function arrayOf(items: readonly (number | string)[]): string {
  return `{${items.join()}}`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
