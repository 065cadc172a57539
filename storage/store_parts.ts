// The parts of an open store in files.

import { assertInvariant } from "../program/errors.ts";
import { AppendLog } from "./append_log.ts";
import { type BatchOrder, doAllWait } from "./batch_order.ts";
import { StorageError } from "./errors.ts";
import { FileDraw } from "./finished/file_draw.ts";
import { isNoRoomError } from "./files/system_errors.ts";
import { FinishLog } from "./finished/finish_log.ts";
import type { StoreFiles, StoreOptions } from "./recovery/store_files.ts";
import type { StoreStats } from "./store.ts";

export interface StoreParts {
  files: StoreFiles;
  log: AppendLog;
  finishLog: FinishLog;
  draw: FileDraw;
  /** The connections that have sent batches and may send more. */
  orders: Set<BatchOrder>;
  lost: Promise<StorageError>;
}

/** Makes the records of a start. On a full disk that is done later. */
export async function recordStart(
  { draw, finishLog, log }: StoreParts,
): Promise<void> {
  try {
    await draw.holdIfDue();
    await finishLog.start();
  } catch (error) {
    const isLater = error instanceof StorageError && isNoRoomError(error.cause);
    if (!isLater) throw error;
    log.reportProblem(error.message);
  }
}

export function createParts(
  files: StoreFiles,
  options: StoreOptions,
): StoreParts {
  const { fsync = true, drawAgencies = 0, onCommit } = options;
  const { promise: lost, resolve: onLost } = Promise.withResolvers<
    StorageError
  >();
  const orders = new Set<BatchOrder>();
  const { bets, finished } = files;
  const finishLog: FinishLog = new FinishLog(
    new AppendLog(finished.file, finished.end, {
      fsync,
      onLost,
      repair: finished.repair,
    }),
    files.state,
    () => log.end,
  );
  const log: AppendLog = new AppendLog(bets.file, bets.end, {
    fsync,
    onLost,
    onCommit,
    repair: bets.repair,
    onFirstWrite: () => finishLog.start(),
    doAllWait: (entries) => doAllWait(orders, entries),
  });
  const draw = new FileDraw(drawAgencies, {
    finishLog,
    async whenIdle() {
      await log.whenIdle();
      const { commits } = files.index;
      assertInvariant(commits === 0, `${commits} batches are under way`);
    },
  });
  return { files, log, finishLog, draw, orders, lost };
}

export function statsOf(
  { files: { index }, log, finishLog }: StoreParts,
): StoreStats {
  return {
    get bets() {
      return index.bets;
    },
    get agencyBets() {
      return index.agencyBets;
    },
    winnerCount: (agency) => index.winners(agency).length,
    get finished() {
      return finishLog.agencies;
    },
    get sizeBytes() {
      return log.end.size;
    },
    get problem() {
      return log.problem;
    },
  };
}
