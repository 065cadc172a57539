// A central with a status page inside the tests' own process, and made-up parts
// of one.

import { Statistics } from "../../central/statistics.ts";
import { AgencyLists } from "../../central/status/agency_lists.ts";
import { Rates } from "../../central/status/rates.ts";
import type { Served } from "../../central/status/snapshot.ts";
import { StatusServer } from "../../central/status/status_server.ts";
import { FileStore } from "../../storage/mod.ts";
import { CapturedLog } from "./captured_log.ts";
import { testInFolder } from "./folder.ts";
import { listen } from "./served.ts";

/** A central with a status page. */
export interface Shown {
  /** The central's port on this machine. */
  port: number;
  /** Address of its status page, with a slash at the end. */
  url: string;
  /** What it has logged. */
  log: CapturedLog;
  /** Its store. */
  store: FileStore;
  /** The store's file. */
  storeFile: string;
  /** Shows the store, unless the test got it shown. */
  show(): void;
  /** Makes the status page show that the central is stopping. */
  stopping: AbortController;
}

/** Registers a test of a central with two agencies in the draw. */
export function testShown(
  name: string,
  fn: (shown: Shown) => Promise<void>,
  { isShown = true } = {},
): void {
  testInFolder(name, async (dir) => {
    const log = CapturedLog.start();
    const storeFile = `${dir}/bets.csv`;
    const statistics = new Statistics();
    const address = { hostname: "127.0.0.1", port: 0 };
    await using status = new StatusServer(address, statistics);
    await using store = await FileStore.open(storeFile, {
      drawAgencies: 2,
      onCommit: (batches, seconds) => statistics.onCommit(batches, seconds),
    });
    await using central = listen(store, { statistics });
    const stopping = new AbortController();
    const show = () => status.show(store, central, stopping.signal);
    if (isShown) show();
    const [url] = /http:\S+/.exec(await log.line("action: status"))!;
    const { port } = central;
    await fn({ port, url, log, store, storeFile, show, stopping });
  }, ["net"]);
}

/** An answer of the status page. */
export interface Answer {
  /** The status code. */
  status: number;
  /** The headers. */
  headers: Headers;
  /** The whole body. */
  text: string;
}

/** Gets a page. */
export async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, { headers });
  const { status, headers: answered } = response;
  return { status, headers: answered, text: await response.text() };
}

/** What a central serves, whose store can be changed. */
export interface MadeServed extends Served {
  /** Its store. */
  store: Omit<Served["store"], "agencyBets" | "bets" | "problem"> & {
    bets: number;
    agencyBets: Map<number, number>;
    problem: string | undefined;
  };
}

/** Makes up what a central serves: a store with these bets of each agency. */
export function madeServed(
  agencyBets: Record<number, number>,
  parts:
    & Partial<Served["store"] & Served["central"]["draw"]>
    & { certificateNotAfterMs?: number } = {},
): MadeServed {
  const counts = Object.entries(agencyBets)
    .map(([agency, bets]) => [Number(agency), bets] as const);
  const store = {
    bets: counts.reduce((sum, [, bets]) => sum + bets, 0),
    agencyBets: new Map(counts),
    finished: parts.finished ?? new Set<number>(),
    problem: parts.problem,
    sizeBytes: parts.sizeBytes,
    winnerCount: parts.winnerCount ?? (() => 0),
  };
  const draw = {
    agencies: parts.agencies ?? 0,
    isHeld: parts.isHeld ?? false,
    heldAtMs: parts.heldAtMs,
  };
  const agencies = new AgencyLists(store, draw.agencies);
  const rates = new Rates(store, agencies);
  const { certificateNotAfterMs } = parts;
  const central = { connections: 3, draw, certificateNotAfterMs };
  return { store, central, agencies, rates };
}
