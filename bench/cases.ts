// The cases that are measured.

import { join } from "node:path";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { AGENCIES, type DataSet, loadData } from "./data.ts";
import { runEndToEnd } from "./end_to_end.ts";
import type { Case, Figures } from "./figures.ts";
import { BATCH_BETS } from "./load/main.ts";
import { loadCentral, loadRedis } from "./load/prepared.ts";
import { output, settleDisk } from "./machine.ts";
import { Postgres } from "./rivals/postgres.ts";
import { startAgencyWithOneBet, startEmptyProgram } from "./start.ts";

export interface Wanted {
  /** How the names of the wanted cases begin. */
  only: readonly string[];
  /** Bets of the made set. */
  bets: number;
  /** A revision of the project that is measured as well. */
  baseline: string | undefined;
}

const WINDOWS = [1, 8];
/** Window of a central on PostgreSQL. */
const DATABASE_WINDOW = 8;
const CROWDS = [1000, 5000];
const CROWD_BETS = 20 * BATCH_BETS;

/** A case that can be measured. */
export interface RunnableCase extends Case {
  /** Does one run; the first one also does what all runs share. */
  run(): Promise<Figures>;
}

type Run = (emptyFolder: string, project: string) => Promise<Figures>;

interface Plan {
  name: string;
  run: Run;
  /** Whether each measured project has it; a rival's case is there once. */
  isOurs: boolean;
  rival?: string | undefined;
}

/** Lists the wanted cases. `stack` gets what must be disposed of at the end. */
export async function prepareCases(
  folder: string,
  stack: AsyncDisposableStack,
  { only, bets, baseline }: Wanted,
): Promise<RunnableCase[]> {
  const projects = new Map([["", PROJECT_FOLDER]]);
  if (baseline !== undefined) {
    projects.set(`@${baseline}`, await checkOut(baseline, folder, stack));
  }
  const plans = [
    ...loadPlans(bets),
    ...filePlans(folder, bets, once(() => startPostgres(folder, stack))),
    ours("start-agency", startAgencyWithOneBet, "start-empty"),
    theirs("start-empty", startEmptyProgram),
  ];
  return plans
    .filter(({ name }) => only.some((start) => name.startsWith(start)))
    .flatMap(({ name, run, isOurs, rival }) =>
      // The first project is this one.
      [...projects].slice(0, isOurs ? projects.size : 1)
        .map(([suffix, project]) => ({
          name: name + suffix,
          rival: suffix === "" ? rival : undefined,
          runs: [],
          run: () => inFolder(folder, (dir) => run(dir, project)),
        }))
    );
}

function ours(name: string, run: Run, rival?: string): Plan {
  return { name, run, isOurs: true, rival };
}

function theirs(name: string, run: Run): Plan {
  return { name, run, isOurs: false };
}

/** All cases of the load generator. */
function loadPlans(bets: number): Plan[] {
  const prepared = WINDOWS.flatMap((window) => {
    const load = { connections: AGENCIES, window, bets: bets / AGENCIES };
    const run: Run = (dir, project) => loadCentral(load, dir, project);
    const redis = `redis-window-${window}`;
    return [
      ours(`prepared-window-${window}`, run, redis),
      theirs(redis, (dir) => loadRedis(load, dir)),
    ];
  });
  const crowds = CROWDS.map((connections) => {
    const load = { connections, window: 1, bets: CROWD_BETS };
    const run: Run = (dir, project) => loadCentral(load, dir, project);
    return ours(`crowd-${connections}`, run);
  });
  return [...prepared, ...crowds];
}

/** All cases that send the agencies' files. */
function filePlans(
  folder: string,
  bets: number,
  postgres: () => Promise<Postgres>,
): Plan[] {
  const madeFolder = join(folder, `made-${bets}`);
  const real = once(() => loadData({ dir: join(PROJECT_FOLDER, ".data") }));
  const made = once(() =>
    loadData({ dir: madeFolder, bets, agencies: AGENCIES })
  );
  const windows = (
    set: string,
    load: () => Promise<DataSet>,
    rival?: string,
  ) =>
    WINDOWS.map((window) => {
      const run: Run = async (dir, project) => {
        const store = join(dir, "bets.csv");
        return runEndToEnd(await load(), { store, window, project });
      };
      return ours(`${set}-window-${window}`, run, rival);
    });
  const database: Run = async (_dir, project) => {
    const store = await (await postgres()).createDatabase();
    const sending = { store, window: DATABASE_WINDOW, project };
    return runEndToEnd(await made(), sending);
  };
  return [
    ...windows("real", real),
    ...windows("made", made, "postgres-copy"),
    theirs("postgres-copy", async () => (await postgres()).copy(await made())),
    ours(`database-window-${DATABASE_WINDOW}`, database),
  ];
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
async function inFolder(
  parent: string,
  run: (emptyFolder: string) => Promise<Figures>,
): Promise<Figures> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "run-" });
  try {
    await settleDisk();
    return await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
