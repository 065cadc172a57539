// Keeps a large crowd of agencies from starving one another.

/**
 * Agencies answered in one turn of the event loop. With more, the runtime keeps
 * reading from those that come back first, and the others starve. With fewer, a
 * crowd gets slower (docs/performance.md has the figures).
 */
const PASSES_PER_TURN = 24;

/**
 * Up to this many agencies there is nothing to schedule: the runtime (Tokio)
 * polls for ready connections after every 128 operations, and a batch takes
 * two, a read and a write.
 */
const CROWD_SIZE = 64;

/**
 * Pieces of long replies sent in one turn. The system copies a piece into its
 * buffers even if the agency does not read; that takes about 50 µs.
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

  /** `crowd` is all connected agencies; only its size is used. */
  constructor(crowd: { readonly size: number }) {
    this.#crowd = crowd;
  }

  /** Whether there are so many agencies that each has to wait for its turn. */
  get isCrowded(): boolean {
    return this.#crowd.size > CROWD_SIZE;
  }

  async waitForTurn(): Promise<void> {
    this.#timer ??= setTimeout(() => this.#turn());
    if (this.#passed < PASSES_PER_TURN) {
      this.#passed++;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

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
