// Stores for the tests, some on a file that can fail.

import { appendTo } from "./batches.ts";
import type { Batch } from "../../bet/bet.ts";
import {
  FileStore,
  StorageError,
  type StoreFile,
  type StoreOptions,
} from "../../storage/mod.ts";
import { FaultFile } from "./fault_file.ts";

export interface FaultyStore {
  store: FileStore;
  file: FaultFile;
  finished: FaultFile;
  append(batch: Batch): Promise<string>;
}

export async function openFaulty(
  path: string,
  options: StoreOptions & { onFile?: (file: FaultFile) => void } = {},
): Promise<FaultyStore> {
  const files: FaultFile[] = [];
  const wrap = (inner: StoreFile) => {
    const wrapped = new FaultFile(inner);
    options.onFile?.(wrapped);
    files.push(wrapped);
    return wrapped;
  };
  const store = await FileStore.open(path, {
    ...options,
    wrapFile: wrap,
    wrapFinishedFile: wrap,
  });
  const [file, finished] = files;
  async function append(batch: Batch): Promise<string> {
    try {
      await appendTo(store, batch);
      return "stored";
    } catch (error) {
      if (error instanceof StorageError) return error.message;
      throw error;
    }
  }
  return { store, file: file!, finished: finished!, append };
}

/** Opens a store, appends to it and closes it. */
export async function appendAll(
  path: string,
  ...batches: Batch[]
): Promise<FileStore> {
  const store = await FileStore.open(path);
  for (const batch of batches) await appendTo(store, batch);
  await store.close();
  return store;
}
