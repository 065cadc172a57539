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
 * Lets a few agencies through in each turn of the event loop, first come, first
 * served.
 */
export class FairScheduler {
  readonly #crowd: { readonly size: number };
  readonly #waiting: (() => void)[] = [];
  #passed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Creates a scheduler.
   *
   * @param crowd All connected agencies; only their number counts.
   */
  constructor(crowd: { readonly size: number }) {
    this.#crowd = crowd;
  }

  /**
   * Waits for a turn.
   *
   * @returns A promise that resolves when the turn comes, or `undefined` if it
   * is now.
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

  #turn(): void {
    const next = this.#waiting.splice(0, PASSES_PER_TURN);
    this.#passed = next.length;
    this.#timer = next.length > 0 ? setTimeout(() => this.#turn()) : undefined;
    for (const pass of next) pass();
  }
}
