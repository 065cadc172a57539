// An entry of the sent folder: what the agency remembers of a delivery.

import { IndexSet } from "../index_set.ts";
import type { RecordDigests } from "../source/record_digests.ts";

export interface SentDelivery {
  /** The fingerprint under which its bets are stored: its identity. */
  id: string;
  /** 1, or more for content that was sent again as new. */
  counter: number;
  /** Fingerprint of the content that was sent last. */
  content: string;
  path?: string | undefined;
  /** When it was first completed, or if it never was, started; ISO 8601. */
  at: string;
  /** When the run started that is still sending it, or was cut off. */
  begunAt?: string | undefined;
  /**
   * Whether a run with `--as-new` has not ended, or was stopped before it did all
   * that it was asked to: the next run continues it.
   */
  isUnended?: boolean | undefined;
  /** Whether it is a copy, which has only refused rows of other deliveries. */
  isCopy?: boolean | undefined;
  /**
   * Whether it was ever sent to its end. If not, the following fields are not
   * known yet.
   */
  isComplete: boolean;
  /** Number of records, including a header. */
  records: number;
  /** Number of bets that its own runs have stored under this identity. */
  stored: number;
  /** Bet indexes that its own runs have not stored. */
  refused: IndexSet;
  /**
   * Bet indexes of refused rows that are stored under this identity all the same,
   * by another file's run or an old version of this file.
   */
  confirmed: IndexSet;
  /** Under which identities refused rows were sent later, by bet index. */
  moved: Readonly<Record<number, RowIdentity>>;
  /** Whether the agency has finished without the refused rows. */
  isGivenUp?: boolean | undefined;
  digests?: RecordDigests | undefined;
  /** Digests of rows from all parts of the file, until it is complete. */
  sample?: readonly number[] | undefined;
  /** Keys of all rows that were ever refused, by bet index. */
  keys: Readonly<Record<number, string>>;
  /** SHA-256 of the copy of its refused rows, in hex. */
  rejected?: string | undefined;
  /** Ranges of bet indexes of the rows in each copy, by the copy's path. */
  copies: Readonly<Record<string, string>>;
  /**
   * Contents of files whose runs may have stored its open rows, because they
   * were cut off or are still running.
   */
  corrections: ReadonlySet<string>;
  /** Whether it must be sent again, because the central lacks it. */
  isLacking?: boolean | undefined;
}

/** Identifies a row: its delivery's identity, and its bet index there. */
export type RowIdentity = readonly [id: string, index: number];

/**
 * Whether a row is stored under an identity; "unsure" if the run that sent it
 * was cut off.
 */
export type RowState = "missing" | "unsure" | "stored";

const VERSION = 1;
/** Near the start, so that the rest need not be parsed. */
const REVISION_REGEXP = /^\{"version":\d+,"revision":(\d+)/;

/** A file's row that was refused before in another file. */
export interface FoundRow {
  index: number;
  /** Its line number, from 1, if the file is new. */
  line?: number;
  /** The identity under which it was last sent. */
  identity: RowIdentity;
  state: RowState;
  key: string | undefined;
}

/**
 * How far an open delivery has come: no batch was sent; it was cut off, or is being
 * sent; or it has refused rows to correct.
 */
export type OpenState = "unsent" | "cut off" | "incomplete";

/** A delivery that still has rows to send. */
export interface OpenDelivery {
  /** `undefined` or "-" for a pipe. */
  path?: string | undefined;
  state: OpenState;
  /** As ISO 8601. */
  since: string;
  /** Path of the copy of its refused rows. */
  copy?: string | undefined;
  /** Remembers that the agency finishes without the rest of it. */
  giveUp(): void;
}

/** A delivery before its first batch. */
export function newDelivery(id: string, counter: number): SentDelivery {
  return {
    id,
    counter,
    content: id,
    at: new Date().toISOString(),
    isComplete: false,
    records: 0,
    stored: 0,
    refused: new IndexSet(),
    confirmed: new IndexSet(),
    moved: {},
    keys: {},
    copies: {},
    corrections: new Set(),
  };
}

/**
 * True if a delivery still has rows to send, so the agency does not finish:
 *
 * | its last run  | rows are missing     | no row is missing    |
 * | ------------- | -------------------- | -------------------- |
 * | has not ended | yes                  | if it `isCutOff()`   |
 * | has ended     | yes, unless given up | no                   |
 *
 * A row that another delivery sends is missing there, not here, if that delivery
 * has an entry, as all of `ids` do. Without one, its run was killed before it sent
 * anything, so the row is still missing here.
 */
export function isOpen(
  delivery: SentDelivery,
  ids: ReadonlySet<string>,
): boolean {
  const { begunAt, moved, isGivenUp } = delivery;
  const isMissing = openRows(delivery).values().some((index) => {
    const to = moved[index];
    return !to || !ids.has(to[0]);
  });
  return isCutOff(delivery) ||
    isMissing && (begunAt !== undefined || !isGivenUp);
}

/**
 * True if the delivery's last run has not ended and may have left rows unstored.
 * Not so for a copy that was complete before: if the central has another store,
 * the run of the copy's file notices it (`isLacking`). For a file, nothing would.
 */
export function isCutOff(delivery: SentDelivery): boolean {
  const { begunAt, isCopy, isComplete, isLacking } = delivery;
  const isStored = isCopy && isComplete && !isLacking;
  return begunAt !== undefined && !isStored && keptRows(delivery) > 0;
}

/** Bet indexes of refused rows that are not stored under this identity. */
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

/** Number of bets that are known to be stored under a delivery's identity. */
export function storedRows(delivery: SentDelivery): number {
  const { stored, refused } = delivery;
  return stored + refused.size - openRows(delivery).size;
}

/** Number of rows that may be stored already, and could be stored twice. */
export function keptRows({ isComplete, stored }: SentDelivery): number {
  return isComplete ? stored : Infinity;
}

/** How messages name a delivery. */
export function nameOf(path: string | undefined): string {
  return path ? `"${path}"` : "what came through a pipe";
}

/**
 * `revision` counts the entries of the delivery, from 1. Three fields keep the names
 * that they have in the entries of earlier versions.
 */
export function formatDelivery(
  { counter, isCopy, refused, confirmed, corrections, ...delivery }:
    SentDelivery,
  revision: number,
): string {
  return JSON.stringify({
    version: VERSION,
    revision,
    ...delivery,
    copy: counter,
    isPart: isCopy,
    refused: refused.format(),
    confirmed: confirmed.format(),
    correction: [...corrections].join() || undefined,
  });
}

/** 0 for an entry without a revision, such as one of an earlier version. */
export function revisionOf(text: string): number {
  return Number(REVISION_REGEXP.exec(text)?.[1] ?? 0);
}

/** Throws a `SyntaxError` unless the text is the delivery with this name. */
export function parseDelivery(
  text: string,
  name: Pick<SentDelivery, "id" | "content">,
): SentDelivery {
  const json = JSON.parse(text);
  const isDelivery = json?.version === VERSION && typeof json.at === "string" &&
    typeof json.refused === "string" && Number.isSafeInteger(json.records) &&
    (!json.isComplete || Number.isSafeInteger(json.stored));
  if (!isDelivery) {
    throw new SyntaxError(`expected a delivery of version ${VERSION}`);
  }
  const { version: _v, revision: _r, copy, isPart, correction, ...delivery } =
    json;
  const { refused, confirmed = "" } = delivery;
  if (delivery.id !== name.id || delivery.content !== name.content) {
    throw new SyntaxError("expected the delivery in its name");
  }
  return {
    stored: 0,
    moved: {},
    keys: {},
    copies: {},
    ...delivery,
    counter: copy,
    isCopy: isPart,
    refused: IndexSet.parse(refused, delivery.records),
    confirmed: IndexSet.parse(confirmed),
    corrections: new Set(correction?.split(",")),
  };
}
