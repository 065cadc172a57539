// The guarantee that every test of the suite checks: a bet that was answered with
// OK is in the store exactly once, whatever happens. Any other bet is there once
// or not at all.

import { assert, assertEquals } from "@std/assert";
import { readStore } from "../support/stored.ts";
import type { BetRow } from "../support/frames.ts";

/** Bets that were answered with OK, or must be in the store at the end. */
export interface Sent {
  /** The agency's id. */
  agency: number;
  /** 16 hex digits. */
  fingerprint: string;
  /** The bets, from position 0 on. */
  rows: readonly BetRow[];
}

/** A batch without gaps. */
const MARK_REGEXP = /,([0-9a-f]{16}):(\d+):(\d+):\d+:[0-9a-f]{8}$/;

/**
 * Asserts that a store has every bet of some files once, each file's in order,
 * and no other bet, all under valid commit marks.
 */
export async function assertStoredOnce(
  store: string,
  files: readonly Sent[],
): Promise<void> {
  const found = new Map<string, string[][]>();
  for (
    const { agency, fingerprint, betIndex, bets } of await readStore(store)
  ) {
    const key = `${agency}:${fingerprint}`;
    const earlier = found.get(key) ?? [];
    found.set(key, earlier);
    assertEquals(betIndex, earlier.length, `next offset stored of ${key}`);
    for (const bet of bets) earlier.push(bet);
  }
  for (const { agency, fingerprint, rows } of files) {
    const key = `${agency}:${fingerprint}`;
    assertRows(found.get(key) ?? [], rows, key);
    found.delete(key);
  }
  assertEquals([...found.keys()], [], "files in the store that nobody sent");
}

/**
 * Asserts, while the central is down, that its store has every bet that was
 * answered with OK so far. A torn tail may follow.
 */
export async function assertNoOkTakenBack(
  store: string,
  acknowledged: readonly Sent[],
): Promise<void> {
  const text = await Deno.readTextFile(store);
  const stored = new Map<string, number>();
  for (const line of text.split("\n").slice(0, -1)) {
    const mark = MARK_REGEXP.exec(line);
    if (!mark) continue;
    const [, fingerprint, betIndex, count] = mark;
    const key = `${parseInt(line)}:${fingerprint}`;
    assertEquals(Number(betIndex), stored.get(key) ?? 0, `offset of ${key}`);
    stored.set(key, Number(betIndex) + Number(count));
  }
  for (const { agency, fingerprint, rows } of acknowledged) {
    const key = `${agency}:${fingerprint}`;
    const count = stored.get(key) ?? 0;
    assert(
      count >= rows.length,
      `${rows.length} bets of ${key} were answered with OK, ${count} are stored`,
    );
  }
}

/** Compares texts: comparing thousands of small arrays is slow. */
function assertRows(
  stored: readonly BetRow[],
  sent: readonly BetRow[],
  key: string,
): void {
  assertEquals(stored.length, sent.length, `bets stored of ${key}`);
  for (const [index, row] of sent.entries()) {
    const isSame = stored[index]!.join("\n") === row.join("\n");
    if (!isSame) {
      assertEquals(stored[index], [...row], `bet ${index} of ${key}`);
    }
  }
}
