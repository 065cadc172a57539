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

export interface State {
  phase: "starting" | "open" | "held" | "problem" | "stopping";
  /** Why the central accepts no bets, "" if it does. */
  problem: string;
}

export function stateOf({ served, isStopping }: Sources): State {
  if (isStopping) {
    return { phase: "stopping", problem: "the central is stopping" };
  }
  if (!served) {
    return { phase: "starting", problem: "the store is being read" };
  }
  const problem = expiryProblem(served.central) ?? served.store.problem;
  if (problem) return { phase: "problem", problem };
  return { phase: served.central.draw.isHeld ? "held" : "open", problem: "" };
}

function expiryProblem(
  { certificateNotAfterMs = Infinity }: ShownCentral,
): string | undefined {
  if (certificateNotAfterMs > Date.now()) return undefined;
  const date = new Date(certificateNotAfterMs).toISOString();
  return `the TLS certificate expired on ${date}`;
}

export type Snapshot = ReturnType<typeof takeSnapshot>;

/** What is not known is `null`, because JSON has no `undefined`. */
export function takeSnapshot(sources: Sources) {
  const { statistics, served } = sources;
  const { store, central, agencies, rates } = served ?? {};
  const { phase, problem } = stateOf(sources);
  const draw = central?.draw;
  const lists = agencies?.current;
  return {
    phase,
    /** Only in the phase "problem"; the page has its own words for others. */
    problem: phase === "problem" ? problem : "",
    bets: store?.bets ?? 0,
    /** Bets stored in each of the last seconds, the latest last. */
    history: rates?.history ?? [],
    batches: statistics.acceptedBatches,
    refusals: Object.fromEntries(
      [...statistics.refusals].filter(([, count]) => count > 0),
    ),
    connections: central?.connections ?? 0,
    storeBytes: store?.sizeBytes ?? null,
    /** In milliseconds since 1970, `null` without TLS. */
    certificateNotAfterMs: central?.certificateNotAfterMs ?? null,
    /** Duration of a commit in seconds, median and 99th percentile. */
    commitP50: statistics.commitQuantile(0.5),
    commitP99: statistics.commitQuantile(0.99),
    agencies: served && lists
      ? lists.shown.map((id) => rowOf(id, served, statistics))
      : [],
    moreAgencies: lists?.more ?? 0,
    /** Agencies in the draw, 0 for no draw. */
    drawAgencies: draw?.agencies ?? 0,
    isDrawHeld: draw?.isHeld ?? false,
    /** `null` before the draw, or if it was held before this start. */
    drawHeldAtMs: draw?.heldAtMs ?? null,
    /** The first agencies that have not finished. */
    missing: lists?.missing ?? [],
    missingCount: lists?.missingCount ?? 0,
  };
}

export type AgencyRow = ReturnType<typeof rowOf>;

function rowOf(
  agency: number,
  { store, central, rates }: Served,
  statistics: Statistics,
) {
  const activity = statistics.activityOf(agency);
  return {
    agency,
    bets: store.agencyBets.get(agency) ?? 0,
    /** Bets in batches that were refused since the start. */
    refused: activity?.refused ?? 0,
    rate: rates.rateOf(agency),
    /** Time of the last request in milliseconds since 1970. */
    lastSeenMs: activity?.lastSeenMs ?? null,
    /** IP address of the last request, "" if none. */
    address: activity?.address ?? "",
    isFinished: store.finished.has(agency),
    winners: central.draw.isHeld ? store.winnerCount(agency) : null,
  };
}
