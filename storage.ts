/**
 * Keeps bets exactly once. docs/storage.md describes the store in files;
 * docs/postgres.md another one, which is a package of its own.
 *
 * @module
 */

export {
  type BatchWriter,
  BettingClosedError,
  DamagedStoreError,
  type ExpectedBets,
  FileStore,
  IncompleteError,
  type OnCommit,
  type Recovery,
  StorageError,
  type Store,
  type StoreDraw,
  StoreHeldError,
  StoreMismatchError,
  type StoreOptions,
  type StoreStats,
} from "./storage/mod.ts";
