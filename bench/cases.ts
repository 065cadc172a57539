// The cases that are measured.

import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { AGENCIES, type DataSet, loadData, SET_NAMES } from "./data.ts";
import { runEndToEnd, runOnDatabase } from "./end_to_end.ts";
import type { Case, Figures } from "./figures.ts";
import { BATCH_BETS } from "./load/main.ts";
import { output, settleDisk } from "./machine.ts";
import {
  type CentralDatabase,
  LOAD_WAYS,
  Postgres,
} from "./rivals/postgres.ts";
import {
  type Load,
  loadCentral,
  loadDatabase,
  loadRedis,
} from "./load/prepared.ts";
import { loadSqlite } from "./rivals/sqlite.ts";
import { startCases } from "./start.ts";

export interface Wanted {
  /** Parts of the names of the wanted cases; empty for all. */
  only: readonly string[];
  /** Bets of the made set. */
  bets: number;
  postgres: boolean;
  redis: boolean;
  sqlite: boolean;
  /** Whether only the agency's start is measured. */
  start: boolean;
  /** A revision of the project that is measured as well. */
  baseline?: string;
}

/** Folders of the measured projects, by the suffix of their cases. */
type Projects = ReadonlyMap<string, string>;

/** Creates each measured project's database, by the suffix of its cases. */
type Databases = ReadonlyMap<string, () => Promise<CentralDatabase>>;

type Run = [name: string, run: (emptyFolder: string) => Promise<Figures>];

const WINDOWS = [1, 8];
/** Window of a central on PostgreSQL. */
const DATABASE_WINDOW = 8;
const CROWDS = [1000, 5000];
/** Agencies of a crowd whose central stores in PostgreSQL. */
const DATABASE_CROWD = 100;
const CROWD_BETS = 20 * BATCH_BETS;

/** Lists the wanted cases. `stack` gets what must be disposed of at the end. */
export async function prepareCases(
  wanted: Wanted,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<Case[]> {
  const { baseline, only } = wanted;
  const projects = new Map([["", PROJECT_FOLDER]]);
  if (baseline !== undefined) {
    projects.set(`@${baseline}`, await checkOut(baseline, folder, stack));
  }
  if (wanted.start) return await startCases(projects, folder, stack);
  const startServer = once(() => startPostgres(folder, stack));
  const databases = new Map(
    [...projects].map(([suffix, project]) => [
      suffix,
      once(async () => (await startServer()).createFor(project, suffix)),
    ]),
  );
  const runs = loadRuns(wanted, projects);
  if (wanted.postgres) runs.push(...databaseCrowdRuns(databases));
  for (const set of SET_NAMES) {
    const load = once(() => loadData(set, folder, wanted.bets));
    runs.push(...windowRuns(set, load, projects));
    if (wanted.sqlite) {
      runs.push([
        `${set}-sqlite`,
        async (dir) => loadSqlite(await load(), dir),
      ]);
    }
    if (wanted.postgres) {
      runs.push(...postgresRuns(set, load, databases.get("")!));
      runs.push(...databaseWindowRuns(set, load, databases));
    }
  }
  return runs
    .filter(([name]) =>
      only.length === 0 || only.some((part) => name.includes(part))
    )
    .map(([name, run]) => ({ name, run: () => inFolder(folder, run) }));
}

/** All runs of the load generator. */
function loadRuns({ bets, redis }: Wanted, projects: Projects): Run[] {
  const ofCentral = (name: string, load: Load) =>
    [...projects].map(([suffix, project]): Run => [
      name + suffix,
      (dir) => loadCentral(load, dir, project),
    ]);
  const prepared = WINDOWS.flatMap((window) => {
    const load = { connections: AGENCIES, window, bets: bets / AGENCIES };
    const name = `redis-window-${window}`;
    const rival: Run = [name, (dir) => loadRedis(load, dir)];
    const ours = ofCentral(`prepared-window-${window}`, load);
    return redis ? [...ours, rival] : ours;
  });
  const crowds = CROWDS.flatMap((connections) =>
    ofCentral(`crowd-${connections}`, {
      connections,
      window: 1,
      bets: CROWD_BETS,
    })
  );
  return [...prepared, ...crowds];
}

function windowRuns(
  set: string,
  load: () => Promise<DataSet>,
  projects: Projects,
): Run[] {
  return WINDOWS.flatMap((window) =>
    [...projects].map(([suffix, project]): Run => [
      `${set}-window-${window}${suffix}`,
      async (dir) => runEndToEnd({ data: await load(), window, project }, dir),
    ])
  );
}

function postgresRuns(
  set: string,
  load: () => Promise<DataSet>,
  create: () => Promise<CentralDatabase>,
): Run[] {
  return LOAD_WAYS.map((way): Run => {
    const prepare = once(async () =>
      (await create()).server.prepare(await load(), way)
    );
    return [`${set}-postgres-${way}`, async () => {
      await prepare();
      return (await create()).server.load(await load(), way);
    }];
  });
}

function databaseCrowdRuns(databases: Databases): Run[] {
  const load = { connections: DATABASE_CROWD, window: 1, bets: CROWD_BETS };
  return [...databases].map(([suffix, create]): Run => [
    `database-crowd-${DATABASE_CROWD}${suffix}`,
    async (dir) => loadDatabase(load, dir, await create()),
  ]);
}

function databaseWindowRuns(
  set: string,
  load: () => Promise<DataSet>,
  databases: Databases,
): Run[] {
  return [...databases].map(([suffix, create]): Run => [
    `${set}-database-window-${DATABASE_WINDOW}${suffix}`,
    async () => runOnDatabase(await load(), DATABASE_WINDOW, await create()),
  ]);
}

function once<T>(prepare: () => Promise<T>): () => Promise<T> {
  let prepared: Promise<T> | undefined;
  return () => prepared ??= prepare();
}

/** Checks out a revision beside the data; removed at the end. */
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

/**
 * Starts PostgreSQL in a folder that is removed once the server has stopped.
 */
async function startPostgres(
  parent: string,
  stack: AsyncDisposableStack,
): Promise<Postgres> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "postgres-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  return stack.use(await Postgres.start(dir));
}

/** Gives a run its own folder, and a disk without pending writes. */
async function inFolder(parent: string, run: Run[1]): Promise<Figures> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "run-" });
  try {
    await settleDisk();
    return await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
