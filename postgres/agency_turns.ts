// Runs the agencies' waiting items in turns, a few turns at once. The agencies are
// served one after the other: none waits for more than one turn of each other one.

export interface AgencyTurnsOptions<T> {
  /** Limit of turns that run at once. */
  atOnce: number;
  /** How many of an agency's waiting items its next turn takes; at least one. */
  groupLength(items: readonly T[]): number;
  /** Runs a turn. Never rejects. */
  run(group: readonly T[]): Promise<void>;
}

export class AgencyTurns<T> {
  readonly #options: AgencyTurnsOptions<T>;
  /** In the order in which the agencies are served. */
  readonly #waiting = new Map<number, T[]>();
  /** The turns that run, by agency: each has one at a time, in its order. */
  readonly #running = new Map<number, Promise<void>>();

  constructor(options: AgencyTurnsOptions<T>) {
    this.#options = options;
  }

  /** The turn starts in a microtask, so items that are added at once may share it. */
  add(agency: number, item: T): void {
    const items = this.#waiting.get(agency);
    if (items) items.push(item);
    else this.#waiting.set(agency, [item]);
    if (!this.#isFull) queueMicrotask(() => this.#start());
  }

  /** Removes and returns all waiting items, of one agency or of all. */
  drain(agency?: number): T[] {
    const agencies = agency === undefined
      ? [...this.#waiting.keys()]
      : [agency];
    return agencies.flatMap((agency) => {
      const items = this.#waiting.get(agency) ?? [];
      this.#waiting.delete(agency);
      return items;
    });
  }

  /** Waits for every item so far. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.size > 0) {
      // If none runs, a microtask starts the waiting items.
      await (this.#running.size > 0
        ? Promise.race(this.#running.values())
        : Promise.resolve());
    }
  }

  get #isFull(): boolean {
    return this.#running.size >= this.#options.atOnce;
  }

  #start(): void {
    for (const [agency, items] of this.#waiting) {
      if (this.#isFull) return;
      if (this.#running.has(agency)) continue;
      const group = items.splice(0, this.#options.groupLength(items));
      this.#waiting.delete(agency);
      // Behind all other agencies.
      if (items.length > 0) this.#waiting.set(agency, items);
      const run = this.#options.run(group).finally(() => {
        this.#running.delete(agency);
        this.#start();
      });
      this.#running.set(agency, run);
    }
  }
}
