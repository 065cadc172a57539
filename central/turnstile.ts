/**
 * Who is answered when a commit ends for hundreds of agencies at once.
 *
 * @module
 */

/**
 * Agencies that are answered in one turn of the event loop. Those of a few large
 * agencies all are; of a crowd that comes again at once, the runtime would read
 * the same ones over and over before it looks at the others: with 1,000 agencies
 * the slowest had had no batch stored when half of all were, and now has had
 * eight in ten of the mean.
 */
const PASSES_PER_TURN = 32;

/** Lets through a few in each turn of the event loop, in the order of arrival. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #passed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Passes.
   *
   * @returns Resolved when it is one's turn; nothing if that is now.
   */
  pass(): Promise<void> | undefined {
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
