// What the agency remembers of a delivery.

import { IndexSet } from "../index_set.ts";
import type { RecordDigests } from "../source/record_digests.ts";

export interface SentDelivery {
  /** The fingerprint under which its bets are stored: its identity. */
  id: string;
  /** 1, or more for content that was sent again as new. */
  copy: number;
  /** Fingerprint of the content that was sent last. */
  content: string;
  path?: string | undefined;
  /** When it was first sent to its end, or else started, as ISO 8601. */
  at: string;
  /** When the run started that has not sent it to its end. */
  begunAt?: string | undefined;
  /** Whether it is a copy, which has nothing but refused rows of others. */
  isPart?: boolean | undefined;
  /**
   * Whether it was ever sent to its end. Only then are the following fields
   * known.
   */
  isComplete: boolean;
  /** Number of records, including a header. */
  records: number;
  /** Number of bets that runs of its own have stored under this identity. */
  stored?: number | undefined;
  /** Bet indexes that its own runs have not stored. */
  refused: IndexSet;
  /** Bet indexes that another file's run has stored under this identity. */
  confirmed: IndexSet;
  /** Where refused rows were sent later, by bet index. */
  moved: Readonly<Record<number, Place>>;
  /** Whether the agency has finished without the refused rows. */
  isGivenUp?: boolean | undefined;
  digests?: RecordDigests | undefined;
  /** Digests of rows all over the file, until it is sent to its end. */
  sample?: readonly number[] | undefined;
  /** Keys of rows that were ever refused, by bet index. */
  keys: Readonly<Record<number, string>>;
  /** SHA-256 of the copy of its refused rows, in hex. */
  rejected?: string | undefined;
  /** Ranges of bet indexes of the rows in each copy, by the copy's path. */
  copies: Readonly<Record<string, string>>;
  /**
   * Contents of files whose runs may have stored its open rows: they were cut
   * off, or are under way.
   */
  corrections: ReadonlySet<string>;
  /** Whether it is to be sent again, because the central lacks it. */
  isLacking?: boolean | undefined;
}

/** A row: its delivery's identity, and its bet index there. */
export type Place = readonly [id: string, index: number];

/**
 * Whether a row is stored under a delivery's identity. Nobody knows if the run
 * that sent it was cut off.
 */
export type RowState = "missing" | "unsure" | "stored";

const VERSION = 1;

/** A row of a file that was refused before, in another one. */
export interface FoundRow {
  index: number;
  /** Its line number, from 1, in a new file. */
  line?: number;
  /** Where it was sent last. */
  place: Place;
  state: RowState;
  key: string | undefined;
}

/** A delivery of which something is still to be sent. */
export interface OpenDelivery {
  /** `undefined` or "-" for a pipe. */
  path?: string | undefined;
  /** Whether it was not sent to its end. If it was, rows are to be corrected. */
  isBegun: boolean;
  /** As ISO 8601. */
  since: string;
  /** The copy of its refused rows. */
  copy?: string | undefined;
  /** Remembers that nothing more of it is expected. */
  giveUp(): void;
}

/** A delivery of which nothing was sent yet. */
export function newDelivery(id: string, copy: number): SentDelivery {
  return {
    id,
    copy,
    content: id,
    at: new Date().toISOString(),
    isComplete: false,
    records: 0,
    refused: new IndexSet(),
    confirmed: new IndexSet(),
    moved: {},
    keys: {},
    copies: {},
    corrections: new Set(),
  };
}

/** True if something of a delivery is still to be sent. */
export function isOpen(delivery: SentDelivery): boolean {
  const { begunAt, moved, isGivenUp } = delivery;
  if (begunAt !== undefined) return true;
  return !isGivenUp &&
    openRows(delivery).values().some((index) => moved[index] === undefined);
}

/** Bet indexes that are not stored under a delivery's identity. */
export function openRows(
  { refused, confirmed }: Pick<SentDelivery, "refused" | "confirmed">,
): IndexSet {
  return refused.difference(confirmed);
}

export function stateOf(delivery: SentDelivery, index: number): RowState {
  const { isComplete, refused, confirmed, corrections } = delivery;
  if (confirmed.has(index)) return "stored";
  if (!isComplete) return "unsure";
  if (!refused.has(index)) return "stored";
  return corrections.size > 0 ? "unsure" : "missing";
}

/** Number of bets that are stored under a delivery's identity, if known. */
export function storedRows(delivery: SentDelivery): number | undefined {
  const { stored, refused } = delivery;
  return stored === undefined
    ? undefined
    : stored + refused.size - openRows(delivery).size;
}

/** Number of rows that may be stored; only these can be stored twice. */
export function keptRows(
  { isComplete, stored, records, refused }: SentDelivery,
): number {
  return isComplete ? stored ?? records - refused.size : Infinity;
}

/** How messages name what was sent. */
export function nameOf(path: string | undefined): string {
  return path ? `"${path}"` : "what came through a pipe";
}

export function formatDelivery(
  { refused, confirmed, corrections, ...delivery }: SentDelivery,
): string {
  return JSON.stringify({
    version: VERSION,
    ...delivery,
    refused: refused.format(),
    confirmed: confirmed.format(),
    correction: [...corrections].join() || undefined,
  });
}

/** Throws a `SyntaxError` for anything else than the named delivery. */
export function parseDelivery(
  text: string,
  name: Pick<SentDelivery, "id" | "content">,
): SentDelivery {
  const json = JSON.parse(text);
  const isDelivery = json?.version === VERSION && typeof json.at === "string" &&
    typeof json.refused === "string" && Number.isSafeInteger(json.records);
  if (!isDelivery) {
    throw new SyntaxError(`expected a delivery of version ${VERSION}`);
  }
  const { version: _, refused, confirmed = "", correction, ...delivery } = json;
  if (delivery.id !== name.id || delivery.content !== name.content) {
    throw new SyntaxError("expected the delivery in its name");
  }
  return {
    moved: {},
    keys: {},
    copies: {},
    ...delivery,
    refused: IndexSet.parse(refused, delivery.records),
    confirmed: IndexSet.parse(confirmed),
    corrections: new Set(correction?.split(",")),
  };
}
