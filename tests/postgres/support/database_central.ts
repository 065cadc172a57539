/**
 * Centrals on a database, and checks of its content.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CrashingCentral } from "../../faults/crashing_central.ts";
import type { Sent } from "../../faults/guarantee.ts";
import { RecordingAgency } from "../../faults/recording_agency.ts";
import type { Random } from "../../support/random_bets.ts";
import type { TestDatabase } from "./test_database.ts";

/**
 * Runs agencies while something fails, and asserts that the database that is
 * left has what was answered with OK.
 *
 * @param ports Where the centrals listen.
 * @param random What the agencies send.
 * @param fail What fails. It can wait until every agency works again, and returns
 * the database that is left.
 */
export async function runThrough(
  ports: readonly number[],
  random: Random,
  fail: (work: () => Promise<unknown>) => Promise<TestDatabase>,
): Promise<void> {
  const agencies = makeAgencies(ports, random);
  const running = Promise.all(agencies.map((agency) => agency.run()));
  const work = () =>
    Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
  const database = await fail(work);
  await work();
  for (const agency of agencies) agency.finish();
  await running;
  await assertStored(
    database,
    agencies.map(({ acknowledged }) => acknowledged),
  );
}

const TASK = "server:postgres";
/** Not used: the database's address takes precedence. */
const NO_FILE = "/nowhere/bets.csv";
const AGENCIES = [1, 2, 3, 4, 5];

/** Appended to the database's address: giving up takes seconds. */
export const SHORT_TIMEOUT = "?statement_timeout=1000";
/** Longest time between two faults, in milliseconds. */
export const MAX_PAUSE_MS = 400;
/** OKs after which an agency counts as working again. */
const OKS_AFTER = 20;

/**
 * Starts a central on a database.
 *
 * @param url The database.
 * @param env More of its environment.
 * @returns The central, listening.
 */
export function startOn(
  url: string,
  env: Record<string, string> = {},
): Promise<CrashingCentral> {
  return CrashingCentral.start(NO_FILE, {
    SERVER_STORE_URL: url,
    ...env,
  }, TASK);
}

/**
 * Asserts that a database has every bet of some files once, and no other.
 *
 * @param database Where they are.
 * @param files All that was sent and answered with OK.
 */
export async function assertStored(
  database: TestDatabase,
  files: readonly Sent[],
): Promise<void> {
  const sent = files.map(({ rows }) => rows.length).reduce((a, b) => a + b, 0);
  for (const { agency, fingerprint, rows } of files) {
    const text = await database.query(`
      SELECT json_build_array(position, first_name, last_name, document,
        birthdate::text, number::text)
      FROM bets WHERE agency = ${agency}
      AND source = x'${fingerprint}'::bigint ORDER BY position`);
    const stored = text.split("\n").filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    assertEquals(
      stored,
      rows.map((row, index) => [index, ...row.with(4, `${Number(row[4])}`)]),
      `bets of agency ${agency}`,
    );
  }
  assertEquals(Number(await database.query("SELECT count(*) FROM bets")), sent);
}

/**
 * Makes five agencies, divided over the centrals.
 *
 * @param ports Where the centrals listen.
 * @param random What they send.
 * @returns The agencies.
 */
function makeAgencies(
  ports: readonly number[],
  random: Random,
): RecordingAgency[] {
  return AGENCIES.map((agency) =>
    new RecordingAgency({
      agency,
      port: ports[agency % ports.length]!,
      random: random.fork(),
    })
  );
}
