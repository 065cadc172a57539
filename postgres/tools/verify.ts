// `deno task verify:postgres`: the checks of a central's start, and whether the
// tables are consistent.

import type { Ask } from "../connection/database.ts";
import { writeLine } from "../../program/logging.ts";

/** Limit of named files with missing bet indexes. */
const MAX_NAMED = 20;

/** Prints counts. Returns whether the tables are consistent. */
export async function verify(ask: Ask, schema: string): Promise<boolean> {
  await printTotals(ask, schema);
  await printGaps(ask, schema);
  const problems = [
    ...await betsAfterDraw(ask, schema),
    ...await betsWithoutAgency(ask, schema),
  ];
  for (const problem of problems) writeLine(Deno.stderr, `verify: ${problem}`);
  return problems.length === 0;
}

async function printTotals(ask: Ask, schema: string): Promise<void> {
  const { rows } = await ask(`
    SELECT (SELECT count(*) FROM ${schema}.bets) AS bets,
      (SELECT count(DISTINCT agency) FROM ${schema}.bets) AS agencies,
      (SELECT count(*) FROM ${schema}.agencies
        WHERE finished_at IS NOT NULL) AS finished,
      (SELECT to_char(held_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        FROM ${schema}.loteria) AS held_at`);
  const { bets, agencies, finished, held_at: heldAt } = rows[0]!;
  print(`bets: ${bets}`);
  print(`agencies: ${agencies}`);
  print(`finished: ${finished}`);
  print(`draw: ${heldAt ?? "not held"}`);
}

/** Refused rows leave gaps, so gaps are not errors. */
async function printGaps(ask: Ask, schema: string): Promise<void> {
  const { rows } = await ask(`
    SELECT agency, lpad(to_hex(source), 16, '0') AS file, bets, places - bets AS gaps
    FROM (SELECT agency, source, count(*) AS bets, max(position) + 1 AS places
      FROM ${schema}.bets GROUP BY agency, source) AS files
    WHERE places > bets ORDER BY agency, source`);
  for (const { agency, file, bets, gaps } of rows.slice(0, MAX_NAMED)) {
    print(
      `gaps: agency ${agency}, file ${file}: ${bets} bets, ${gaps} bet indexes before the last one are not stored`,
    );
  }
  if (rows.length > MAX_NAMED) {
    print(`gaps: ${rows.length - MAX_NAMED} more files`);
  }
}

async function betsAfterDraw(ask: Ask, schema: string): Promise<string[]> {
  const { rows } = await ask(`
    SELECT agency, bets_drawn, closed_at IS NOT NULL AS "isClosed",
      (SELECT count(*) FROM ${schema}.bets AS b
        WHERE b.agency = o.agency) AS bets
    FROM ${schema}.agencies AS o, ${schema}.loteria AS l
    WHERE l.held_at IS NOT NULL ORDER BY agency`);
  return rows.flatMap(({ agency, bets_drawn: drawn, isClosed, bets }) => {
    if (!isClosed) return [`agency ${agency} is open, but the draw is held`];
    if (drawn === bets) return [];
    return [
      `agency ${agency} had ${drawn} bets at the draw, and has ${bets} now`,
    ];
  });
}

async function betsWithoutAgency(ask: Ask, schema: string): Promise<string[]> {
  const { rows } = await ask(`
    SELECT agency, count(*) AS bets FROM ${schema}.bets AS b
    WHERE NOT EXISTS (SELECT FROM ${schema}.agencies AS o
      WHERE o.agency = b.agency)
    GROUP BY agency ORDER BY agency`);
  return rows.map(({ agency, bets }) =>
    `agency ${agency} has ${bets} bets and no row in the table agencies`
  );
}

function print(line: string): void {
  writeLine(Deno.stdout, line);
}
