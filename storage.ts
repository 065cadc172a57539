/**
 * Keeps bets exactly once. docs/storage.md describes the store in files;
 * docs/postgres.md another one, which is a package of its own.
 *
 * @module
 */

export type { OnCommit } from "./storage/append_log.ts";
export type { Batch } from "./bet/bet.ts";
export { type CommitMark, withoutMark } from "./storage/commit_mark.ts";
export {
  BettingClosedError,
  IncompleteError,
  StorageError,
} from "./storage/errors.ts";
export { FileStore, type StoreOptions } from "./storage/file_store.ts";
export type { Recovery } from "./storage/recovery/file_recovery.ts";
export {
  DamagedStoreError,
  type ScanResult,
  scanStore,
  type StoredBatch,
} from "./storage/recovery/scan.ts";
export {
  exportStore,
  openUnheldFile,
  type StoreReport,
  verifyStore,
} from "./storage/recovery/unheld_store.ts";
export type {
  BatchWriter,
  DrawHolder,
  ExpectedBets,
  Store,
  StoreDraw,
  StoreStats,
} from "./storage/store.ts";
export {
  type ReadableFile,
  type StoreFile,
  StoreHeldError,
} from "./storage/store_file.ts";
