// The cases that are measured.

import { join } from "node:path";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { AGENCIES, loadData } from "./data.ts";
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
  const cases: RunnableCase[] = [];

  function add(
    name: string,
    run: (emptyFolder: string) => Promise<Figures>,
    rival?: string,
  ): void {
    if (!only.some((start) => name.startsWith(start))) return;
    cases.push({ name, rival, runs: [], run: () => inFolder(folder, run) });
  }

  /** Adds a case of each measured project. */
  function addOurs(
    name: string,
    run: (emptyFolder: string, project: string) => Promise<Figures>,
    rival?: string,
  ): void {
    for (const [suffix, project] of projects) {
      add(name + suffix, (dir) => run(dir, project), rival);
    }
  }

  for (const window of WINDOWS) {
    const load = { connections: AGENCIES, window, bets: bets / AGENCIES };
    const [ours, redis] = [
      `prepared-window-${window}`,
      `redis-window-${window}`,
    ];
    addOurs(ours, (dir, project) => loadCentral(load, dir, project), redis);
    add(redis, (dir) => loadRedis(load, dir));
  }
  for (const connections of CROWDS) {
    const load = { connections, window: 1, bets: CROWD_BETS };
    addOurs(
      `crowd-${connections}`,
      (dir, project) => loadCentral(load, dir, project),
    );
  }
  const madeFolder = join(folder, `made-${bets}`);
  const real = once(() => loadData({ dir: join(PROJECT_FOLDER, ".data") }));
  const made = once(() =>
    loadData({ dir: madeFolder, bets, agencies: AGENCIES })
  );
  for (const [set, load] of Object.entries({ real, made })) {
    for (const window of WINDOWS) {
      addOurs(
        `${set}-window-${window}`,
        async (dir, project) => {
          const store = join(dir, "bets.csv");
          return runEndToEnd(await load(), { store, window, project });
        },
        set === "made" ? "postgres-copy" : undefined,
      );
    }
  }
  const postgres = once(() => startPostgres(folder, stack));
  add("postgres-copy", async () => (await postgres()).copy(await made()));
  addOurs(`database-window-${DATABASE_WINDOW}`, async (_dir, project) => {
    const store = await (await postgres()).createDatabase();
    const sending = { store, window: DATABASE_WINDOW, project };
    return runEndToEnd(await made(), sending);
  });
  addOurs("start-agency", startAgencyWithOneBet, "start-empty");
  add("start-empty", startEmptyProgram);
  return cases;
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
