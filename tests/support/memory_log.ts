// An append log on a file in memory that can fail.

import { AppendLog, type AppendLogOptions } from "../../storage/append_log.ts";
import { StorageError } from "../../storage/errors.ts";
import { FaultFile } from "./fault_file.ts";
import { MemoryFile } from "./memory_file.ts";

/** A log and everything observable of it. */
export interface MemoryLog {
  log: AppendLog;
  /** The log's file. */
  file: FaultFile;
  /** Content of the file: `before`, and what was appended. */
  memory: MemoryFile;
  /** `entry true` or `entry false`, in the order in which they settled. */
  settled: string[];
  append(entry: string): Promise<string>;
  appendAll(...entries: string[]): Promise<string[]>;
}

/** Content of the file of a new log. */
const BEFORE = "before\n";

export function openMemoryLog(
  options: Partial<AppendLogOptions> = {},
): MemoryLog {
  const memory = new MemoryFile(new TextEncoder().encode(BEFORE));
  const file = new FaultFile(memory);
  const log = new AppendLog(
    file,
    { size: BEFORE.length, write: 0, crc: 0 },
    { fsync: true, repair: NO_REPAIR, ...options },
  );
  const settled: string[] = [];
  async function append(entry: string): Promise<string> {
    try {
      await log.append(lineOf(entry)).settled;
      settled.push(`${entry} true`);
      return "stored";
    } catch (error) {
      settled.push(`${entry} false`);
      if (error instanceof StorageError) return error.message;
      throw error;
    }
  }
  function appendAll(...entries: string[]): Promise<string[]> {
    return Promise.all(entries.map(append));
  }
  return { log, file, memory, settled, append, appendAll };
}

/** A repair that has nothing to do. */
const NO_REPAIR: AppendLogOptions["repair"] = {
  isDone: true,
  run: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  problem: undefined,
  tornBytes: 0,
};

/** Returns an entry of one line. */
export function lineOf(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\n`);
}

/** Makes entries of 1 KiB each, with the line end. */
export function kilobytes(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`.padStart(1023, "."));
}
