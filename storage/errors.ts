/**
 * Why a store does not store something.
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
