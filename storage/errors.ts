/**
 * Errors of a store.
 *
 * @module
 */

/** An entry was not stored. A later attempt may succeed. */
export class StorageError extends Error {
  /**
   * Creates the error.
   *
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StorageError";
  }
}

/** The draw is held: no more bets are accepted, from any agency. */
export class BettingClosedError extends Error {
  /** Creates the error. */
  constructor() {
    super("Cannot take bets: the draw has been held");
    this.name = "BettingClosedError";
  }
}

/** The agency's file is not stored completely, so it has not finished. */
export class IncompleteError extends Error {
  /** `missing` of the `records` bets of agency `agency`'s file are not stored. */
  constructor(agency: number, missing: number, records: number) {
    super(
      `Cannot finish agency ${agency}: ${missing} of ${records} bets are not stored`,
    );
    this.name = "IncompleteError";
  }
}
