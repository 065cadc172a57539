/**
 * Who is answered when a commit ends for hundreds of agencies at once.
 *
 * @module
 */

/**
 * Agencies that are answered in one turn of the event loop. Of a crowd that is
 * answered at once the runtime reads those who come again first, over and over,
 * before it looks at the others. When half of 5,000 agencies' batches were
 * stored, the slowest agency had had 0.3 to 0.7 of the mean with 48 in a turn,
 * nine tenths with 24; with 16 all of them took a third longer.
 */
const PASSES_PER_TURN = 24;

/**
 * So few never take from each other: the runtime (Tokio) does 128 reads and
 * writes before it looks which connections are ready, and a batch takes one of
 * each.
 */
const CROWD_SIZE = 64;

/** Lets through a few in each turn of the event loop, in the order of arrival. */
export class FairScheduler {
  readonly #crowd: { readonly size: number };
  readonly #waiting: (() => void)[] = [];
  #passed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Sets a turnstile up.
   *
   * @param crowd All who may come.
   */
  constructor(crowd: { readonly size: number }) {
    this.#crowd = crowd;
  }

  /**
   * Passes.
   *
   * @returns Resolved when it is one's turn; nothing if that is now.
   */
  pass(): Promise<void> | undefined {
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
