/**
 * What the central counts while it serves, for the status page and the metrics.
 * It exists only where these are switched on.
 *
 * @module
 */

import { errorCodeName } from "../protocol.ts";

/** What is known of an agency since the central started. */
export interface AgencyActivity {
  /** Bets in batches that were refused. */
  refused: number;
  /** Time of the last request, in milliseconds since 1970. */
  lastSeenMs: number;
  /** IP address of the last request. */
  address: string;
}

/** Counts values by upper bounds, as Prometheus does. */
export class Histogram {
  /** Upper bounds, rising; a value above all of them counts in the total only. */
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  /**
   * Creates an empty histogram.
   *
   * @param bounds Upper bounds, rising.
   */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** Sum of the values. */
  get sum(): number {
    return this.#sum;
  }

  /** For each bound, the number of values up to it. */
  get cumulative(): number[] {
    let sum = 0;
    return this.#counts.map((count) => sum += count);
  }

  /**
   * Adds a value.
   *
   * @param value The value.
   */
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
/** Commits from which the quantiles are taken. */
const RECENT_COMMITS = 1024;
/** Seconds that the line of the rate shows. */
const HISTORY_SECONDS = 120;
const TICK_MS = 1000;

/** Where the totals come from, which the store knows anyway. */
export interface BetCounts {
  /** Bets in the store. */
  readonly bets: number;
  /** Bets of each agency in the store, by its id. */
  readonly agencyBets: ReadonlyMap<number, number>;
}

/** Counts what happens, and how much of it in the last second. */
export class Statistics {
  /** Batches answered with OK. */
  acceptedBatches = 0;
  /** Batches refused, for whatever reason. */
  refusedBatches = 0;
  /** Refusals of any request, by the name of their code. */
  readonly refusals: Map<string, number> = new Map();
  /** What is known of each agency that has sent something. */
  readonly agencies: Map<number, AgencyActivity> = new Map();
  /** How long commits took, in seconds. */
  readonly commitSeconds: Histogram = new Histogram(DURATION_BOUNDS_SECONDS);
  /** How many batches shared a commit. */
  readonly commitBatches: Histogram = new Histogram(BATCH_BOUNDS);
  readonly #recentCommits: number[] = [];
  readonly #history: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #counts: BetCounts | undefined;
  #lastBets = 0;
  #lastAgencyBets: ReadonlyMap<number, number> = new Map();
  #agencyRates: ReadonlyMap<number, number> = new Map();

  /** Starts to count. */
  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * Takes the totals from a store, once it is open.
   *
   * @param counts The store.
   */
  attach(counts: BetCounts): void {
    this.#counts = counts;
    this.#lastBets = counts.bets;
    this.#lastAgencyBets = new Map(counts.agencyBets);
  }

  /** Bets stored in each of the last seconds, the latest last. */
  get history(): readonly number[] {
    return this.#history;
  }

  /**
   * Returns the rate of an agency.
   *
   * @param agency The agency's id.
   * @returns Bets that were stored in the last whole second.
   */
  rateOf(agency: number): number {
    return this.#agencyRates.get(agency) ?? 0;
  }

  /**
   * Returns a quantile of the latest commits.
   *
   * @param part The part of them that took no longer, from 0 to 1.
   * @returns The time in seconds, 0 without commits.
   */
  commitQuantile(part: number): number {
    const sorted = this.#recentCommits.toSorted((a, b) => a - b);
    const rank = Math.ceil(part * sorted.length) - 1;
    return sorted[Math.max(0, rank)] ?? 0;
  }

  /**
   * Counts a batch that was answered with OK.
   *
   * @param agency The agency's id.
   * @param address Its IP address.
   */
  onStored(agency: number, address: string): void {
    this.acceptedBatches++;
    this.#seen(agency, address);
  }

  /**
   * Counts a refused batch.
   *
   * @param agency The agency's id, if the batch could be decoded.
   * @param bets Bets in the batch.
   * @param address Its IP address.
   */
  onRefusedBatch(
    agency: number | undefined,
    bets: number,
    address: string,
  ): void {
    this.refusedBatches++;
    if (agency !== undefined) this.#seen(agency, address).refused += bets;
  }

  /**
   * Counts a refusal.
   *
   * @param code Its code.
   */
  onRefusal(code: number): void {
    const name = errorCodeName(code);
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
  }

  /**
   * Counts another request of an agency.
   *
   * @param agency The agency's id.
   * @param address Its IP address.
   */
  onRequest(agency: number, address: string): void {
    this.#seen(agency, address);
  }

  /**
   * Counts a commit.
   *
   * @param batches Batches that shared it.
   * @param seconds How long it took.
   */
  onCommit(batches: number, seconds: number): void {
    this.commitBatches.add(batches);
    this.commitSeconds.add(seconds);
    this.#recentCommits.push(seconds);
    if (this.#recentCommits.length > RECENT_COMMITS) {
      this.#recentCommits.shift();
    }
  }

  /** Stops counting. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #seen(agency: number, address: string): AgencyActivity {
    let activity = this.agencies.get(agency);
    if (!activity) {
      activity = { refused: 0, lastSeenMs: 0, address };
      this.agencies.set(agency, activity);
    }
    activity.lastSeenMs = Date.now();
    activity.address = address;
    return activity;
  }

  #tick(): void {
    if (!this.#counts) return;
    const { bets, agencyBets } = this.#counts;
    this.#history.push(bets - this.#lastBets);
    if (this.#history.length > HISTORY_SECONDS) this.#history.shift();
    this.#lastBets = bets;
    const now = new Map(agencyBets);
    this.#agencyRates = new Map(
      [...now].map(([agency, count]) => [
        agency,
        count - (this.#lastAgencyBets.get(agency) ?? 0),
      ]),
    );
    this.#lastAgencyBets = now;
  }
}
