/**
 * The cases that are measured.
 *
 * @module
 */

import { CROWD_BATCHES, runCrowd } from "./crowd.ts";
import { BATCH_BETS } from "./crowd_load.ts";
import { type DataSet, madeData, realData } from "./data.ts";
import { runEndToEnd, runOnDatabase } from "./end_to_end.ts";
import type { CaseResult, Figures } from "./figures.ts";
import { output, settleDisk } from "./machine.ts";
import { PROJECT_FOLDER, startCentralOn } from "./programs.ts";
import { LOAD_WAYS, type LoadWay, Postgres } from "./postgres.ts";

/** A case before it is measured. */
export interface Case extends Omit<CaseResult, "runs"> {
  /** Does one run. */
  run(): Promise<Figures>;
}

/** What is wanted. */
export interface Wanted {
  /** Parts of the names of the wanted cases; empty for all. */
  only: readonly string[];
  /** Bets of the made set. */
  bets: number;
  /** Whether PostgreSQL is measured too. */
  postgres: boolean;
  /**
   * A revision of the project that is measured too.
   *
   * @default {undefined}
   */
  baseline?: string;
}

const WINDOWS = [1, 8, 32];
/** Window of a central on PostgreSQL. */
const DATABASE_WINDOW = 8;
const CROWDS = [1000, 5000];
const WAY_TITLES: Record<LoadWay, string> = {
  "copy": "PostgreSQL 15, five \\copy at once",
  "copy-150": "PostgreSQL 15, COPY of 150 rows a transaction",
  "insert-150": "PostgreSQL 15, INSERT of 150 rows a transaction",
  "insert-150-keyed": "PostgreSQL 15, the same into Lotería's table",
};

/**
 * Prepares the wanted cases: their data, and PostgreSQL if it is asked for.
 * `stack` gets what must be ended at the end.
 */
export async function prepareCases(
  { only, bets, postgres, baseline }: Wanted,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<Case[]> {
  const sets = [
    { name: "real", load: () => realData(folder) },
    { name: "made", load: () => madeData(folder, bets) },
  ];
  const projects = [{ project: PROJECT_FOLDER, suffix: "" }];
  if (baseline !== undefined) {
    const project = await checkOut(baseline, folder, stack);
    projects.push({ project, suffix: `@${baseline}` });
  }
  const cases: Case[] = [];
  let server: Postgres | undefined;
  for (const { name, load } of sets) {
    const windows = WINDOWS.filter((window) =>
      isWanted(`${name}-window-${window}`, only)
    );
    const ways = LOAD_WAYS.filter((way) =>
      postgres && isWanted(`${name}-postgres-${way}`, only)
    );
    const isOnDatabase = postgres &&
      isWanted(`${name}-database-window-${DATABASE_WINDOW}`, only);
    if (windows.length + ways.length === 0 && !isOnDatabase) continue;
    const data = await load();
    for (const one of windows) {
      cases.push(
        ...projects.map((project) => endToEndCase(data, one, folder, project)),
      );
    }
    if (ways.length === 0 && !isOnDatabase) continue;
    server ??= await startPostgres(folder, stack);
    if (isOnDatabase) cases.push(databaseCase(data, folder, server));
    for (const one of ways) cases.push(await postgresCase(data, one, server));
  }
  const crowds = CROWDS.map((agencies) => crowdCase(agencies, folder));
  return [...cases, ...crowds.filter((one) => isWanted(one.name, only))];
}

/** True if a case's name has one of the parts, or if there are none. */
export function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part));
}

function endToEndCase(
  data: DataSet,
  window: number,
  folder: string,
  { project, suffix }: { project: string; suffix: string },
): Case {
  return {
    name: `${data.name}-window-${window}${suffix}`,
    title: `Lotería${suffix}, window ${window}`,
    data: data.title,
    bets: data.bets,
    run: () =>
      inFolder(folder, (dir) => runEndToEnd(data, window, dir, project)),
  };
}

function databaseCase(data: DataSet, folder: string, server: Postgres): Case {
  const window = DATABASE_WINDOW;
  return {
    name: `${data.name}-database-window-${window}`,
    title: `Lotería on PostgreSQL 15, window ${window}`,
    data: data.title,
    bets: data.bets,
    run: () =>
      inFolder(folder, (dir) => runOnDatabase(data, window, dir, server)),
  };
}

/** Checks a revision out beside the data, until the end. */
async function checkOut(
  revision: string,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<string> {
  const dir = await Deno.makeTempDir({ dir: folder, prefix: "baseline-" });
  const git = (...args: string[]) =>
    output("git", ["-C", PROJECT_FOLDER, "worktree", ...args]);
  await git("add", "--detach", dir, revision);
  stack.defer(async () => {
    await git("remove", "--force", dir);
  });
  return dir;
}

function crowdCase(agencies: number, folder: string): Case {
  return {
    name: `crowd-${agencies}`,
    title: `Lotería, ${agencies} agencies of ${CROWD_BATCHES} batches`,
    data: "a crowd",
    bets: agencies * CROWD_BATCHES * BATCH_BETS,
    run: () => inFolder(folder, (dir) => runCrowd(agencies, dir)),
  };
}

async function postgresCase(
  data: DataSet,
  way: LoadWay,
  server: Postgres,
): Promise<Case> {
  await server.prepare(data, way);
  return {
    name: `${data.name}-postgres-${way}`,
    title: WAY_TITLES[way],
    data: data.title,
    bets: data.bets,
    run: () => server.load(data, way),
  };
}

/** Starts PostgreSQL in a folder that is removed after the server's end. */
async function startPostgres(
  parent: string,
  stack: AsyncDisposableStack,
): Promise<Postgres> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "postgres-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const server = stack.use(await Postgres.start(dir));
  // The central makes its tables.
  const { program } = await startCentralOn(server.url);
  await using _program = program;
  await program.stop();
  return server;
}

/** Gives a run its own folder, and a disk with nothing left to write. */
async function inFolder(
  parent: string,
  run: (dir: string) => Promise<Figures>,
): Promise<Figures> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "run-" });
  try {
    await settleDisk();
    return await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
