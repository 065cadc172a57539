// Errors of a store, and what an error of the operating system means for it:
// after some, it can still be read.

/** An entry was not stored. A later attempt may succeed. */
export class StorageError extends Error {
  /** Name of the class. */
  override readonly name = "StorageError";
}

/** The draw is held: no more bets are accepted, from any agency. */
export class BettingClosedError extends Error {
  /** Creates the error. */
  constructor() {
    super("Cannot take bets: the draw has been held");
    this.name = "BettingClosedError";
  }
}

/**
 * The agency's file is not completely stored, so the agency has not finished.
 */
export class IncompleteError extends Error {
  /**
   * `missing` of the `records` bets of agency `agency`'s file are not stored. An
   * agency that `hasFinished` before stays finished.
   */
  constructor(
    agency: number,
    { missing, records, hasFinished }: {
      missing: number;
      records: number;
      hasFinished: boolean;
    },
  ) {
    const effect = hasFinished
      ? ", and the draw does not wait for them: the agency had finished before"
      : "";
    super(
      `Cannot finish agency ${agency}: ${missing} of ${records} bets are not stored${effect}`,
    );
    this.name = "IncompleteError";
  }
}

/** A file of the store contains something that no central wrote. */
export class DamagedStoreError extends Error {
  /** Byte offset of the first incomplete or invalid entry. */
  readonly byteOffset: number;

  /** `what` is wrong at a byte offset of `file`. */
  constructor(byteOffset: number, what: string, file = "store") {
    super(`Cannot trust ${file}: damage at byte ${byteOffset}: ${what}`);
    this.name = "DamagedStoreError";
    this.byteOffset = byteOffset;
  }
}

/** The store's two files, or its draw and `draw.agencies`, do not match. */
export class StoreMismatchError extends Error {
  /** Name of the class. */
  override readonly name = "StoreMismatchError";
}

const READ_ONLY_CODES: readonly string[] = ["EROFS", "EACCES", "EPERM"];
const FULL_CODES: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];
/** Beyond a file-size limit; Deno gives this error no code. */
const FILE_TOO_LARGE = "(os error 27)";

/** True if a file must not be written to. */
export function isReadOnlyError(error: unknown): error is Error {
  return READ_ONLY_CODES.includes(codeOf(error));
}

/** True if a file must not be written to or grow, or the disk is full. */
export function isNoRoomError(error: unknown): error is Error {
  return isReadOnlyError(error) || FULL_CODES.includes(codeOf(error));
}

export function isSystemError(error: unknown): error is Error {
  return codeOf(error) !== "";
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error) return String(error.code);
  return error.message.endsWith(FILE_TOO_LARGE) ? "EFBIG" : "";
}
