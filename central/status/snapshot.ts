/**
 * The state of the central at one moment, as the status page shows it.
 *
 * @module
 */

import type { Store } from "../../storage.ts";
import type { Draw } from "../draw.ts";
import type { Statistics } from "../statistics.ts";
import type { Rates } from "./rates.ts";

/** The parts of the central that a snapshot is taken of. */
export interface Sources {
  /** Counts what happens. */
  statistics: Statistics;
  /** The store, once it is open. */
  store?: Pick<
    Store,
    "agencyBets" | "bets" | "finished" | "problem" | "sizeBytes" | "winnerCount"
  >;
  /** The store's rates, once it is open. */
  rates?: Pick<Rates, "history" | "rateOf">;
  /** The draw, once the central serves. */
  draw?: Pick<Draw, "agencies" | "heldAtMs" | "isHeld">;
  /** Returns the number of connections. */
  connections?: () => number;
  /** Whether the central stops. */
  isStopping?: boolean;
}

/** An agency's row of the table. */
export interface AgencyRow {
  /** The agency's id. */
  agency: number;
  /** Bets in the store. */
  bets: number;
  /** Bets in batches that were refused since the start. */
  refused: number;
  /** Bets stored in the last second. */
  rate: number;
  /** Time of the last request in milliseconds since 1970, `null` if none. */
  lastSeenMs: number | null;
  /** IP address of the last request, "" if none. */
  address: string;
  /** Whether it has finished. */
  isFinished: boolean;
  /** Number of winners, `null` before the draw. */
  winners: number | null;
}

/** The whole page's figures. */
export interface Snapshot {
  /** Why no bets are taken, "" if they are. */
  problem: string;
  /** Bets in the store. */
  bets: number;
  /** Bets stored in each of the last seconds, the latest last. */
  history: readonly number[];
  /** Batches answered with OK since the start. */
  batches: number;
  /** Refusals since the start, by code. */
  refusals: Record<string, number>;
  /** Connections. */
  connections: number;
  /** Size of the store in bytes. */
  storeBytes: number;
  /** Median time of a commit, in seconds. */
  commitP50: number;
  /** 99th percentile of it. */
  commitP99: number;
  /** The first agencies, by id. */
  agencies: AgencyRow[];
  /** Number of agencies beyond those. */
  moreAgencies: number;
  /** Agencies in the draw, 0 for no draw. */
  drawAgencies: number;
  /** Whether the draw is held. */
  isDrawHeld: boolean;
  /** When it was held, `null` if before the start or not at all. */
  drawHeldAtMs: number | null;
  /** The first agencies that have not finished. */
  missing: number[];
  /** Number of agencies that have not finished. */
  missingCount: number;
}

const MAX_AGENCIES = 1000;
const MAX_MISSING = 50;
/** Why no bets are taken before there is a store. */
export const STARTING = "the store is being read";
const STOPPING = "the central is stopping";

/**
 * Returns the reason why the central accepts no bets.
 *
 * @param sources Its parts.
 * @returns The reason, or "" if it takes them.
 */
export function problemOf({ store, draw, isStopping }: Sources): string {
  if (isStopping) return STOPPING;
  if (!store || !draw) return STARTING;
  return store.problem ?? "";
}

/**
 * Takes a snapshot.
 *
 * @param sources The parts of the central.
 * @returns The figures of this moment.
 */
export function takeSnapshot(sources: Sources): Snapshot {
  const { statistics, store, rates, draw, connections } = sources;
  const ids = agencyIds(sources);
  const missing = missingAgencies(sources);
  return {
    problem: problemOf(sources),
    bets: store?.bets ?? 0,
    history: rates?.history ?? [],
    batches: statistics.acceptedBatches,
    refusals: Object.fromEntries(statistics.refusals),
    connections: connections?.() ?? 0,
    storeBytes: store?.sizeBytes ?? 0,
    commitP50: statistics.commitQuantile(0.5),
    commitP99: statistics.commitQuantile(0.99),
    agencies: ids.slice(0, MAX_AGENCIES).map((id) => rowOf(id, sources)),
    moreAgencies: Math.max(0, ids.length - MAX_AGENCIES),
    drawAgencies: draw?.agencies ?? 0,
    isDrawHeld: draw?.isHeld ?? false,
    drawHeldAtMs: draw?.heldAtMs ?? null,
    missing: missing.slice(0, MAX_MISSING),
    missingCount: missing.length,
  };
}

/** The agencies that have stored a bet or finished, ever, by id. */
function agencyIds({ store }: Sources): number[] {
  const ids = new Set([
    ...(store?.agencyBets.keys() ?? []),
    ...(store?.finished ?? []),
  ]);
  return [...ids].sort((a, b) => a - b);
}

function rowOf(
  agency: number,
  { statistics, store, rates, draw }: Sources,
): AgencyRow {
  const activity = statistics.activityOf(agency);
  return {
    agency,
    bets: store?.agencyBets.get(agency) ?? 0,
    refused: activity?.refused ?? 0,
    rate: rates?.rateOf(agency) ?? 0,
    lastSeenMs: activity?.lastSeenMs ?? null,
    address: activity?.address ?? "",
    isFinished: store?.finished.has(agency) ?? false,
    winners: draw?.isHeld && store ? store.winnerCount(agency) : null,
  };
}

function missingAgencies({ store, draw }: Sources): number[] {
  if (!store || !draw || draw.isHeld) return [];
  return Array.from({ length: draw.agencies }, (_, i) => i + 1)
    .filter((agency) => !store.finished.has(agency));
}
