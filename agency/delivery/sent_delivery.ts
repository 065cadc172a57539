// What the agency remembers of a delivery.

import { IndexSet } from "../index_set.ts";
import type { RecordDigests } from "../source/record_digests.ts";

export interface SentDelivery {
  version: 1;
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
  /** Bet indexes that its own runs have not stored, as ranges: `3,7-9`. */
  refused: string;
  /** Bet indexes that another file's run has stored under this identity. */
  confirmed?: string | undefined;
  /** Where refused rows were sent later, by bet index. */
  moved?: Readonly<Record<number, Place>> | undefined;
  /** Whether the agency has finished without the refused rows. */
  isGivenUp?: boolean | undefined;
  digests?: RecordDigests | undefined;
  /** Digests of rows all over the file, until it is sent to its end. */
  sample?: readonly number[] | undefined;
  /** Keys of rows that were ever refused, by bet index. */
  keys?: Readonly<Record<number, string>> | undefined;
  /** SHA-256 of the copy of its refused rows, in hex. */
  rejected?: string | undefined;
  /** Bet indexes of the rows in each copy that was written, by its path. */
  copies?: Readonly<Record<string, string>> | undefined;
  /**
   * Contents, separated by commas, of files whose runs may have stored its open
   * rows: they were cut off, or are under way.
   */
  correction?: string | undefined;
  /** Whether it is to be sent again, because the central lacks it. */
  isLacking?: boolean | undefined;
}

/** A row: its delivery's identity, and its bet index there. */
export type Place = readonly [id: string, index: number];

const VERSION = 1;

/** A row of a file that was refused before, in another one. */
export interface FoundRow {
  index: number;
  /** Its line number, from 1, in a new file. */
  line?: number;
  /** Where it was sent last. */
  place: Place;
  /** Whether it is stored there, or may be. */
  isStored: boolean;
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
    version: VERSION,
    id,
    copy,
    content: id,
    at: new Date().toISOString(),
    isComplete: false,
    records: 0,
    refused: "",
  };
}

/** True if something of a delivery is still to be sent. */
export function isOpen(delivery: SentDelivery): boolean {
  const { begunAt, moved = {}, isGivenUp } = delivery;
  if (begunAt !== undefined) return true;
  return !isGivenUp &&
    openRows(delivery).values().some((index) => moved[index] === undefined);
}

/** Bet indexes that are not stored under a delivery's identity. */
export function openRows(
  { refused, confirmed = "" }: Pick<SentDelivery, "refused" | "confirmed">,
): IndexSet {
  return IndexSet.parse(refused).difference(IndexSet.parse(confirmed));
}

/** Number of bets that are stored under a delivery's identity, if known. */
export function storedRows(delivery: SentDelivery): number | undefined {
  const { stored, refused } = delivery;
  return stored === undefined
    ? undefined
    : stored + sizeOf(refused) - openRows(delivery).size;
}

/** The contents in {@linkcode SentDelivery.correction}, with one more. */
export function addContent(
  contents: string | undefined,
  content: string,
): string {
  return [...new Set([...contents?.split(",") ?? [], content])].join();
}

/** The contents in {@linkcode SentDelivery.correction}, without one. */
export function removeContent(
  contents: string | undefined,
  content: string,
): string | undefined {
  const left = contents?.split(",").filter((one) => one !== content) ?? [];
  return left.length > 0 ? left.join() : undefined;
}

/**
 * Tells of which rows nobody knows whether they are stored under a delivery's
 * identity: the run that sent them was cut off.
 */
export function unsureIn(
  delivery: SentDelivery,
): (index: number) => boolean {
  const { isComplete, correction, confirmed = "" } = delivery;
  const stored = IndexSet.parse(confirmed);
  if (!isComplete) return (index) => !stored.has(index);
  if (correction === undefined) return () => false;
  const open = openRows(delivery);
  return (index) => open.has(index);
}

/** Number of rows that may be stored; only these can be stored twice. */
export function keptRows(
  { isComplete, stored, records, refused }: SentDelivery,
): number {
  if (!isComplete) return Infinity;
  return stored ?? records - sizeOf(refused);
}

export function sizeOf(indexes: string): number {
  return IndexSet.parse(indexes).size;
}

/** How messages name what was sent. */
export function nameOf(path: string | undefined): string {
  return path ? `"${path}"` : "what came through a pipe";
}

/** Throws a `SyntaxError` for anything else than the named delivery. */
export function parseDelivery(
  text: string,
  name: Pick<SentDelivery, "id" | "content">,
): SentDelivery {
  const delivery: unknown = JSON.parse(text);
  if (!isDelivery(delivery)) {
    throw new SyntaxError(`expected a delivery of version ${VERSION}`);
  }
  if (delivery.id !== name.id || delivery.content !== name.content) {
    throw new SyntaxError("expected the delivery in its name");
  }
  IndexSet.parse(delivery.refused, delivery.records);
  return delivery;
}

function isDelivery(value: unknown): value is SentDelivery {
  const one = value as SentDelivery | null;
  return typeof one === "object" && one !== null && one.version === VERSION &&
    typeof one.at === "string" && typeof one.refused === "string" &&
    Number.isSafeInteger(one.records);
}
