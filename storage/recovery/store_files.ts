// Opens, checks and repairs the two files of a store at startup.

import { StoreMismatchError } from "../errors.ts";
import { findDrawMisfit } from "../finished/draw_fit.ts";
import { finishedPath, type FinishState } from "../finished/finish_state.ts";
import type { LogEnd } from "../format/seal.ts";
import { exists, holdFile, type StoreFile } from "../held_file.ts";
import { StoreIndex } from "../store_index.ts";
import type { FileScan } from "./log_scan.ts";
import { Repair } from "./repair.ts";
import { scanStore } from "./store_scan.ts";

/** What the store contained when it was opened. */
export interface Recovery {
  /** Number of bets in whole batches. */
  bets: number;
  /** Number of whole batches. */
  batches: number;
  /** Size of the bets file's torn tail. It was never acknowledged. */
  discardedBytes: number;
  /** Size of the finished file's torn tail. */
  discardedFinishedBytes: number;
  /** The copies of the torn tails that are cut off. */
  tornFiles: readonly string[];
}

/** Options of `FileStore.open()`. */
export interface StoreOptions {
  /**
   * Whether a batch counts as stored only once it is on disk.
   *
   * @default {true}
   */
  fsync?: boolean;
  /**
   * Number of agencies in the draw, with ids from 1; 0 for no draw.
   *
   * @default {0}
   */
  drawAgencies?: number;
  /**
   * Wraps the store's bets file, so that tests can inject faults.
   *
   * @internal
   * @default {(file) => file}
   */
  wrapFile?: (file: StoreFile) => StoreFile;
  /**
   * Wraps the store's finished file.
   *
   * @internal
   * @default {(file) => file}
   */
  wrapFinishedFile?: (file: StoreFile) => StoreFile;
  /**
   * Called after each commit.
   *
   * @default {undefined}
   */
  onCommit?: OnCommit | undefined;
  /**
   * Aborts the opening; its reason is thrown.
   *
   * @default {undefined}
   */
  signal?: AbortSignal | undefined;
}

/** Called after a commit with the number of its batches and how long it took. */
export type OnCommit = (batches: number, seconds: number) => void;

export interface RepairableFile {
  file: StoreFile;
  end: LogEnd;
  repair: Repair;
}

/** Both files, locked, and what they contain. */
export interface StoreFiles {
  bets: RepairableFile;
  finished: RepairableFile;
  index: StoreIndex;
  state: FinishState;
  recovery: Recovery;
  release(): Promise<void>;
}

/**
 * Opens both files, and creates them if neither exists. Cuts off incomplete
 * writes and flushes the rest; on a full disk that is done later. Throws a
 * `StoreHeldError` if another process holds one, a `DamagedStoreError` if one
 * is damaged, a `StoreMismatchError` if they do not belong together.
 */
export async function openStoreFiles(
  path: string,
  options: StoreOptions,
): Promise<StoreFiles> {
  const { fsync = true, drawAgencies = 0 } = options;
  await refuseOrphan(path);
  await using stack = new AsyncDisposableStack();
  const file = await hold(path, stack, options.wrapFile);
  const holdFinished = () =>
    hold(finishedPath(path), stack, options.wrapFinishedFile);
  const found = await exists(finishedPath(path))
    ? await holdFinished()
    : undefined;
  const index = new StoreIndex();
  const { state, ...scan } = await scanStore(
    { path, bets: file, finished: found },
    (batch) => {
      options.signal?.throwIfAborted();
      return index.addStored(batch);
    },
  );
  // A missing one is created only beside a bets file without content: the
  // origin of other content is unknown.
  const finishedFile = found ?? await holdFinished();
  checkDraw(path, drawAgencies, { state, index });
  const bets = await repair(path, file, scan.bets, fsync);
  const finished = await repair(
    finishedPath(path),
    finishedFile,
    scan.finished,
    fsync,
  );
  const locks = stack.move();
  return {
    bets,
    finished,
    index,
    state,
    recovery: {
      bets: index.bets,
      batches: index.batches,
      discardedBytes: tornBytes(scan.bets),
      discardedFinishedBytes: tornBytes(scan.finished),
      tornFiles: [bets, finished].flatMap(({ repair }) =>
        repair.tornFile ?? []
      ),
    },
    release: () => locks.disposeAsync(),
  };
}

function tornBytes({ size, end }: FileScan): number {
  return size - end.size;
}

async function hold(
  path: string,
  stack: AsyncDisposableStack,
  wrap: StoreOptions["wrapFile"],
): Promise<StoreFile> {
  const { file, release } = await holdFile(path);
  stack.defer(release);
  return wrap?.(file) ?? file;
}

/** A new bets file must not take the place of a missing one. */
async function refuseOrphan(path: string): Promise<void> {
  if (await exists(path) || !await exists(finishedPath(path))) return;
  throw new StoreMismatchError(
    `"${path}" is missing, but "${
      finishedPath(path)
    }" exists; restore both from one backup, or remove it to begin a new store`,
  );
}

/** Before anything is written: a start may hold the draw. */
function checkDraw(
  path: string,
  expected: number,
  { state, index }: { state: FinishState; index: StoreIndex },
): void {
  const misfit = findDrawMisfit({
    expected,
    held: state.drawAgencies,
    withBets: index.agencyBets.keys(),
    finished: state.agencies,
  });
  if (misfit) throw new StoreMismatchError(`The draw of "${path}" ${misfit}`);
}

async function repair(
  path: string,
  file: StoreFile,
  scan: FileScan,
  fsync: boolean,
): Promise<RepairableFile> {
  const repair = new Repair({ ...scan, path, file, fsync });
  await repair.tryRun();
  return { file, end: scan.end, repair };
}
