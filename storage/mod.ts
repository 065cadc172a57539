// The store's names for the other folders. The top-level storage.ts exports a
// selection to other projects.

export type { Batch } from "../bet/bet.ts";
export {
  BettingClosedError,
  DamagedStoreError,
  IncompleteError,
  StorageError,
  StoreMismatchError,
} from "./errors.ts";
export { FileStore } from "./file_store.ts";
export {
  findDrawMisfit,
  findLeftOut,
  firstUnfinished,
} from "./finished/draw_fit.ts";
export type {
  OnCommit,
  Recovery,
  StoreOptions,
} from "./recovery/store_files.ts";
export {
  exportStore,
  readBatches,
  readFinished,
  type StoreFault,
  type StoreReport,
  verifyStore,
} from "./recovery/unheld_store.ts";
export type {
  BatchWriter,
  DrawHolder,
  ExpectedBets,
  Store,
  StoreDraw,
  StoreStats,
} from "./store.ts";
export {
  type ReadableFile,
  type StoreFile,
  StoreHeldError,
} from "./held_file.ts";
