// The central's state at one moment, for the status page.

import type { StoreStats } from "../../storage/mod.ts";
import type { Draw } from "../draw.ts";
import type { Statistics } from "../statistics.ts";
import type { AgencyLists } from "./agency_lists.ts";
import type { Rates } from "./rates.ts";

export interface ShownCentral {
  readonly connections: number;
  readonly draw: Pick<Draw, "agencies" | "heldAtMs" | "isHeld">;
  /** In milliseconds since 1970; `undefined` without TLS. */
  readonly certificateNotAfterMs: number | undefined;
}

export interface Served {
  central: ShownCentral;
  store: StoreStats;
  agencies: AgencyLists;
  rates: Rates;
}

export interface Sources {
  statistics: Statistics;
  served?: Served;
  isStopping?: boolean;
}

export interface AgencyRow {
  agency: number;
  bets: number;
  /** Bets in batches that were refused since the start. */
  refused: number;
  rate: number;
  /** Time of the last request in milliseconds since 1970, `null` if none. */
  lastSeenMs: number | null;
  /** IP address of the last request, "" if none. */
  address: string;
  isFinished: boolean;
  winners: number | null;
}

export type Phase = "starting" | "open" | "held" | "problem" | "stopping";

export interface Snapshot {
  phase: Phase;
  /** Why no bets are accepted in the phase "problem", else "". */
  problem: string;
  bets: number;
  /** Bets stored in each of the last seconds, the latest last. */
  history: readonly number[];
  batches: number;
  refusals: Record<string, number>;
  connections: number;
  /** Size of the store in bytes, `null` if unknown. */
  storeBytes: number | null;
  /** In milliseconds since 1970, `null` without TLS. */
  certificateNotAfterMs: number | null;
  /** Median duration of a commit, in seconds. */
  commitP50: number;
  commitP99: number;
  agencies: AgencyRow[];
  moreAgencies: number;
  /** Agencies in the draw, 0 for no draw. */
  drawAgencies: number;
  isDrawHeld: boolean;
  /** `null` before the draw, or if it was held before this start. */
  drawHeldAtMs: number | null;
  /** The first agencies that have not finished. */
  missing: readonly number[];
  missingCount: number;
}

const STARTING = "the store is being read";
const STOPPING = "the central is stopping";

/** Why the central accepts no bets, "" if it does. */
export function problemOf({ served, isStopping }: Sources): string {
  if (isStopping) return STOPPING;
  return served ? problemOfServed(served) ?? "" : STARTING;
}

function problemOfServed({ store, central }: Served): string | undefined {
  const notAfterMs = central.certificateNotAfterMs ?? Infinity;
  if (notAfterMs > Date.now()) return store.problem;
  return `the TLS certificate expired on ${new Date(notAfterMs).toISOString()}`;
}

export function takeSnapshot(sources: Sources): Snapshot {
  const { statistics, served } = sources;
  const { store, central, agencies, rates } = served ?? {};
  const draw = central?.draw;
  const lists = agencies?.current;
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
    agencies: served && lists
      ? lists.shown.map((id) => rowOf(id, served, statistics))
      : [],
    moreAgencies: lists?.more ?? 0,
    drawAgencies: draw?.agencies ?? 0,
    isDrawHeld: draw?.isHeld ?? false,
    drawHeldAtMs: draw?.heldAtMs ?? null,
    missing: lists?.missing ?? [],
    missingCount: lists?.missingCount ?? 0,
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
