// Counts from outside how often an agency tries to reach the central. Progress
// resets the count. A wait for the draw that was served is progress, a refused
// one is not (docs/protocol.md).

/** The attempts of one run of an agency. */
export class Attempts {
  readonly #max: number;
  #count = 0;
  /** Whether the last connection has asked for the winners and got no refusal. */
  #isWaitServed = false;
  #hasFinished = false;

  /** `max` is the largest number of failures in a row. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether the agency may give up. */
  get areUsedUp(): boolean {
    this.#endConnection();
    // The connection with the last progress is a failure without an attempt.
    return this.#count >= this.#max - 1;
  }

  /**
   * Notes an attempt. Returns false if it is one too many: the file and the
   * winners have connections of their own, with as many attempts each.
   */
  add(): boolean {
    this.#endConnection();
    this.#count++;
    return this.#hasFinished || this.#count <= 2 * this.#max;
  }

  /** Notes that bets are stored, or that the agency has finished. */
  succeed({ isFinish }: { isFinish: boolean }): void {
    this.#count = 0;
    if (isFinish) this.#hasFinished = true;
  }

  /** Notes a question for the winners. */
  wait(): void {
    this.#isWaitServed = true;
  }

  /** Notes that the question was refused. */
  refuseWait(): void {
    this.#isWaitServed = false;
  }

  #endConnection(): void {
    if (this.#isWaitServed) this.#count = 0;
    this.#isWaitServed = false;
  }
}
