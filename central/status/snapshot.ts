/**
 * The state of the central at one moment, as the status page shows it.
 *
 * @module
 */

import type { StoreStats } from "../../storage.ts";
import type { Draw } from "../draw.ts";
import type { Statistics } from "../statistics.ts";
import type { AgencyLists } from "./agency_lists.ts";
import type { Rates } from "./rates.ts";

/** The part of the central that is shown. */
export interface ShownCentral {
  /** Number of connections. */
  readonly connections: number;
  /** The draw. */
  readonly draw: Pick<Draw, "agencies" | "heldAtMs" | "isHeld">;
  /** When its certificate expires, in milliseconds since 1970, if it has one. */
  readonly certificateNotAfterMs: number | undefined;
}

/** A central that serves, with its store. */
export interface Served {
  /** The central. */
  central: ShownCentral;
  /** What its store contains. */
  store: StoreStats;
  /** The store's agencies. */
  agencies: Pick<AgencyLists, "missing" | "missingCount" | "more" | "shown">;
  /** The store's rates. */
  rates: Pick<Rates, "history" | "rateOf">;
}

/** The parts of the central that a snapshot is taken of. */
export interface Sources {
  /** Counts what happens. */
  statistics: Statistics;
  /** What is served, once the store is open. */
  served?: Served;
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

/** What the central does: reads its store, takes bets, has held the draw, … */
export type Phase = "starting" | "open" | "held" | "problem" | "stopping";

/** The whole page's figures. */
export interface Snapshot {
  /** What the central does. */
  phase: Phase;
  /** Why no bets are taken in the phase "problem", else "". */
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
  /** Size of the store in bytes, `null` if unknown. */
  storeBytes: number | null;
  /** When the certificate expires, since 1970, `null` without TLS. */
  certificateNotAfterMs: number | null;
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
  missing: readonly number[];
  /** Number of agencies that have not finished. */
  missingCount: number;
}

const STARTING = "the store is being read";
const STOPPING = "the central is stopping";

/** Returns why the central accepts no bets, "" if it does. */
export function problemOf({ served, isStopping }: Sources): string {
  if (isStopping) return STOPPING;
  return served ? problemOfServed(served) ?? "" : STARTING;
}

function problemOfServed({ store, central }: Served): string | undefined {
  const notAfterMs = central.certificateNotAfterMs ?? Infinity;
  if (notAfterMs > Date.now()) return store.problem;
  return `the TLS certificate expired on ${new Date(notAfterMs).toISOString()}`;
}

/** Takes a snapshot. */
export function takeSnapshot(sources: Sources): Snapshot {
  const { statistics, served } = sources;
  const { store, central, agencies, rates } = served ?? {};
  const draw = central?.draw;
  return {
    phase: phaseOf(sources),
    problem: served && problemOfServed(served) || "",
    bets: store?.bets ?? 0,
    history: rates?.history ?? [],
    batches: statistics.acceptedBatches,
    refusals: Object.fromEntries(
      [...statistics.refusals].filter(([, count]) => count > 0),
    ),
    connections: central?.connections ?? 0,
    storeBytes: store?.sizeBytes ?? null,
    certificateNotAfterMs: central?.certificateNotAfterMs ?? null,
    commitP50: statistics.commitQuantile(0.5),
    commitP99: statistics.commitQuantile(0.99),
    agencies: served
      ? served.agencies.shown.map((id) => rowOf(id, served, statistics))
      : [],
    moreAgencies: agencies?.more ?? 0,
    drawAgencies: draw?.agencies ?? 0,
    isDrawHeld: draw?.isHeld ?? false,
    drawHeldAtMs: draw?.heldAtMs ?? null,
    missing: agencies?.missing ?? [],
    missingCount: agencies?.missingCount ?? 0,
  };
}

function phaseOf({ served, isStopping }: Sources): Phase {
  if (isStopping) return "stopping";
  if (!served) return "starting";
  if (problemOfServed(served)) return "problem";
  return served.central.draw.isHeld ? "held" : "open";
}

function rowOf(
  agency: number,
  { store, central, rates }: Served,
  statistics: Statistics,
): AgencyRow {
  const activity = statistics.activityOf(agency);
  return {
    agency,
    bets: store.agencyBets.get(agency) ?? 0,
    refused: activity?.refused ?? 0,
    rate: rates.rateOf(agency),
    lastSeenMs: activity?.lastSeenMs ?? null,
    address: activity?.address ?? "",
    isFinished: store.finished.has(agency),
    winners: central.draw.isHeld ? store.winnerCount(agency) : null,
  };
}
