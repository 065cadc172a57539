// What the central counts while it serves.

import type { Batch } from "../bet/bet.ts";
import { type ErrorName, ERRORS } from "../protocol/mod.ts";
import type { OnCommit } from "../storage/mod.ts";

/** What is known about an agency since the central started. */
export interface AgencyActivity {
  refused: number;
  /** Time of the last request, in milliseconds since 1970. */
  lastSeenMs: number;
  address: string;
}

/** Counts values by upper bounds, as Prometheus does. */
export class Histogram {
  /** Ascending; a larger value counts in the total only. */
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** For each bound, the number of values up to it. */
  get cumulative(): number[] {
    let sum = 0;
    return this.#counts.map((count) => sum += count);
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    const index = this.bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index]!++;
  }
}

const DURATION_BOUNDS_SECONDS = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5],
];
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Number of latest commits from which the quantiles are taken. */
const RECENT_COMMITS = 1024;
/** Limit for agencies that have not stored a bet since the start. */
const MAX_UNPROVEN = 1000;

export class Statistics {
  acceptedBatches = 0;
  refusedBatches = 0;
  /**
   * Refusals of any request by error name. All names are present, because
   * Prometheus does not see the first event of a new series.
   */
  readonly refusals: Map<string, number> = new Map(
    Object.keys(ERRORS).map((name) => [name, 0]),
  );
  readonly commitSeconds: Histogram = new Histogram(DURATION_BOUNDS_SECONDS);
  readonly commitBatches: Histogram = new Histogram(BATCH_BOUNDS);
  readonly #recentCommits: number[] = [];
  readonly #proven = new Map<number, AgencyActivity>();
  /**
   * Other agencies, the latest last. Refused requests may contain any id, so
   * only the latest are kept.
   */
  readonly #unproven = new Map<number, AgencyActivity>();

  /** `undefined` if nothing is known about the agency. */
  activityOf(agency: number): Readonly<AgencyActivity> | undefined {
    return this.#proven.get(agency) ?? this.#unproven.get(agency);
  }

  /**
   * Returns the time in seconds within which this part (0 to 1) of the latest
   * commits was done; 0 without commits.
   */
  commitQuantile(part: number): number {
    const sorted = this.#recentCommits.toSorted((a, b) => a - b);
    const rank = Math.ceil(part * sorted.length) - 1;
    return sorted[Math.max(0, rank)] ?? 0;
  }

  onStored(agency: number, address: string): void {
    this.acceptedBatches++;
    const activity = this.onRequest(agency, address);
    if (this.#unproven.delete(agency)) this.#proven.set(agency, activity);
  }

  /** The batch is unknown if it could not be decoded. */
  onRefusedBatch(
    batch: Pick<Batch, "agency" | "betCount"> | undefined,
    address: string,
  ): void {
    this.refusedBatches++;
    if (!batch) return;
    this.onRequest(batch.agency, address).refused += batch.betCount;
  }

  onRefusal(name: ErrorName): void {
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
  }

  /** A function of its own, so that it can be handed on as it is. */
  readonly onCommit: OnCommit = (batches, seconds) => {
    this.commitBatches.add(batches);
    this.commitSeconds.add(seconds);
    this.#recentCommits.push(seconds);
    if (this.#recentCommits.length > RECENT_COMMITS) {
      this.#recentCommits.shift();
    }
  };

  onRequest(agency: number, address: string): AgencyActivity {
    const lastSeenMs = Date.now();
    const proven = this.#proven.get(agency);
    if (proven) {
      proven.lastSeenMs = lastSeenMs;
      proven.address = address;
      return proven;
    }
    const refused = this.#unproven.get(agency)?.refused ?? 0;
    const activity = { refused, lastSeenMs, address };
    this.#unproven.delete(agency);
    this.#unproven.set(agency, activity);
    if (this.#unproven.size > MAX_UNPROVEN) {
      const [oldest] = this.#unproven.keys();
      this.#unproven.delete(oldest!);
    }
    return activity;
  }
}
