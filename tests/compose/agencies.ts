// The lottery's agencies, as containers and files of the clone.

import { assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import { CLONE, ending, logs } from "./containers.ts";

/** The store's file. */
export const STORE = `${CLONE}/.data/bets.csv`;
export const AGENCIES: readonly number[] = [1, 2, 3, 4, 5];
/** The agencies' containers. */
export const CLIENTS: readonly string[] = AGENCIES.map((id) => `client${id}`);
/** Number of winners of each agency. */
export const WINNERS: readonly number[] = [2, 3, 3, 2, 0];

/** How much of a failed agency's log tells why. */
const LAST_LINES = 100;

/** Waits until all clients have ended, and asserts how. */
export async function assertEndings(clients = CLIENTS): Promise<void> {
  const codes = await Promise.all(clients.map(ending));
  const failed = clients.filter((_, i) => codes[i] !== 0);
  const texts = await Promise.all(failed.map(logs));
  assertEquals(
    codes,
    clients.map(() => 0),
    texts.map((lines) => lines.slice(-LAST_LINES).join("\n")).join("\n\n"),
  );
}

/** The bets of an agency's file. */
export async function betsOf(agency: number): Promise<string[][]> {
  return parse(await Deno.readTextFile(`${CLONE}/.data/agency-${agency}.csv`));
}

export async function removeStore(): Promise<void> {
  for (const file of [STORE, `${STORE}.finished`]) {
    await Deno.remove(file).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
