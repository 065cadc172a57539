/**
 * Keeps a large crowd of agencies from starving one another.
 *
 * @module
 */

/**
 * Agencies that are answered in one turn of the event loop. If more are
 * answered at once, the runtime keeps reading from those that come back first,
 * and the others starve. Fewer make a crowd slower (docs/performance.md has the
 * figures).
 */
const PASSES_PER_TURN = 24;

/**
 * Up to this many agencies there is nothing to schedule. The runtime (Tokio)
 * polls for ready connections after every 128 operations, and a batch takes
 * two: a read and a write.
 */
const CROWD_SIZE = 64;

/**
 * Pieces of long replies that are sent in one turn. The system copies a piece
 * into its buffers even if the agency does not read, which takes some 50 µs.
 */
const PIECES_PER_TURN = 4;

/**
 * Lets a few agencies through in each turn of the event loop, first come, first
 * served.
 */
export class FairScheduler {
  readonly #crowd: { readonly size: number };
  readonly #waiting: (() => void)[] = [];
  readonly #pieces: (() => void)[] = [];
  #passed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `crowd` is all connected agencies; only their number counts. */
  constructor(crowd: { readonly size: number }) {
    this.#crowd = crowd;
  }

  /**
   * Waits for a turn. Returns a promise that resolves when it comes, or
   * `undefined` if it is now.
   */
  waitForTurn(): Promise<void> | undefined {
    if (this.#crowd.size <= CROWD_SIZE) return undefined;
    this.#timer ??= setTimeout(() => this.#turn());
    if (this.#passed < PASSES_PER_TURN) {
      this.#passed++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for the turn of a piece of a long reply. */
  waitForPiece(): Promise<void> {
    this.#timer ??= setTimeout(() => this.#turn());
    return new Promise((resolve) => this.#pieces.push(resolve));
  }

  #turn(): void {
    const next = this.#waiting.splice(0, PASSES_PER_TURN);
    const pieces = this.#pieces.splice(0, PIECES_PER_TURN);
    this.#passed = next.length;
    this.#timer = next.length + pieces.length > 0
      ? setTimeout(() => this.#turn())
      : undefined;
    for (const pass of next) pass();
    for (const pass of pieces) pass();
  }
}
