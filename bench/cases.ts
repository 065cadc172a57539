/**
 * The cases that are measured.
 *
 * @module
 */

import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { CROWD_BATCHES, runCrowd } from "./crowd.ts";
import { BATCH_BETS } from "./crowd_load.ts";
import { type DataSet, loadData, SET_NAMES } from "./data.ts";
import { runEndToEnd, runOnDatabase } from "./end_to_end.ts";
import type { CaseResult, Figures } from "./figures.ts";
import { output, settleDisk } from "./machine.ts";
import { type LoadWay, Postgres } from "./postgres.ts";
import { startCentral } from "./programs.ts";

/** A case before it is measured. */
export interface Case extends Omit<CaseResult, "runs"> {
  /** Does one run. */
  run(): Promise<Figures>;
}

/** A case without its name, whose runs get an empty folder. */
interface Prepared extends Omit<Case, "name" | "run"> {
  run(folder: string): Promise<Figures>;
}

/** What is wanted. */
export interface Wanted {
  /** Parts of the names of the wanted cases; empty for all. */
  only: readonly string[];
  /** Bets of the made set. */
  bets: number;
  /** Whether PostgreSQL is measured too. */
  postgres: boolean;
  /** A revision of the project that is measured too. */
  baseline?: string;
}

const WINDOWS = [1, 8, 32];
/** Window of a central on PostgreSQL. */
const DATABASE_WINDOW = 8;
const CROWDS = [1000, 5000];
const WAY_TITLES = {
  "copy": "PostgreSQL 15, five \\copy at once",
  "copy-150": "PostgreSQL 15, COPY of 150 rows a transaction",
  "insert-150": "PostgreSQL 15, INSERT of 150 rows a transaction",
  "insert-150-keyed": "PostgreSQL 15, the same into Lotería's table",
} satisfies Record<LoadWay, string>;

/**
 * Prepares the wanted cases: their data, and PostgreSQL if it is asked for.
 * `stack` gets what must be ended at the end.
 */
export async function prepareCases(
  { only, bets, postgres, baseline }: Wanted,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<Case[]> {
  const cases: Case[] = [];
  async function add(
    name: string,
    prepare: () => Promise<Prepared> | Prepared,
  ): Promise<void> {
    if (!isWanted(name, only)) return;
    const { run, ...about } = await prepare();
    cases.push({ name, ...about, run: () => inFolder(folder, run) });
  }
  const startServer = once(() => startPostgres(folder, stack));
  const checkOutBaseline = once(() => checkOut(baseline!, folder, stack));
  for (const set of SET_NAMES) {
    const load = once(() => loadData(set, folder, bets));
    for (const window of WINDOWS) {
      const name = `${set}-window-${window}`;
      await add(name, async () => windowCase(await load(), window));
      if (baseline === undefined) continue;
      await add(`${name}@${baseline}`, async () => {
        const project = await checkOutBaseline();
        return windowCase(await load(), window, project, `@${baseline}`);
      });
    }
    if (!postgres) continue;
    await add(
      `${set}-database-window-${DATABASE_WINDOW}`,
      async () => databaseCase(await load(), await startServer()),
    );
    for (const way of Object.keys(WAY_TITLES) as LoadWay[]) {
      await add(
        `${set}-postgres-${way}`,
        async () => await wayCase(await load(), way, await startServer()),
      );
    }
  }
  for (const agencies of CROWDS) {
    await add(`crowd-${agencies}`, () => crowdCase(agencies));
  }
  return cases;
}

/** True if a case's name has one of the parts, or if there are none. */
export function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part));
}

function windowCase(
  data: DataSet,
  window: number,
  project: string = PROJECT_FOLDER,
  suffix = "",
): Prepared {
  return {
    title: `Lotería${suffix}, window ${window}`,
    data: data.title,
    bets: data.bets,
    run: (folder) => runEndToEnd({ data, window, folder, project }),
  };
}

function databaseCase(data: DataSet, server: Postgres): Prepared {
  const window = DATABASE_WINDOW;
  return {
    title: `Lotería on PostgreSQL 15, window ${window}`,
    data: data.title,
    bets: data.bets,
    run: (folder) => runOnDatabase({ data, window, folder }, server),
  };
}

async function wayCase(
  data: DataSet,
  way: LoadWay,
  server: Postgres,
): Promise<Prepared> {
  await server.prepare(data, way);
  return {
    title: WAY_TITLES[way],
    data: data.title,
    bets: data.bets,
    run: () => server.load(data, way),
  };
}

function crowdCase(agencies: number): Prepared {
  return {
    title: `Lotería, ${agencies} agencies of ${CROWD_BATCHES} batches`,
    data: "a crowd",
    bets: agencies * CROWD_BATCHES * BATCH_BETS,
    run: (folder) => runCrowd(agencies, folder),
  };
}

function once<T>(prepare: () => Promise<T>): () => Promise<T> {
  let prepared: Promise<T> | undefined;
  return () => prepared ??= prepare();
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

/** Starts PostgreSQL in a folder that is removed after the server's end. */
async function startPostgres(
  parent: string,
  stack: AsyncDisposableStack,
): Promise<Postgres> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "postgres-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const server = stack.use(await Postgres.start(dir));
  // The central makes its tables.
  const { central } = await startCentral(server.url);
  await using _central = central;
  await central.stop();
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
