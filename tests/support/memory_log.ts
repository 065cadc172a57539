/**
 * An append log on a file in memory that can fail.
 *
 * @module
 */

import { assertThrows } from "@std/assert";
import { AppendLog } from "../../storage/append_log.ts";
import { StorageError } from "../../storage/errors.ts";
import { LineBuffer } from "../../storage/line_buffer.ts";
import { FaultFile } from "./fault_file.ts";
import { MemoryFile } from "./memory_file.ts";

/** A log and everything observable of it. */
export interface MemoryLog {
  /** The log. */
  log: AppendLog<LineBuffer>;
  /** The log's file. */
  file: FaultFile;
  /** Content of the file: `before`, and what was appended. */
  memory: MemoryFile;
  /** `entry true` or `entry false`, in the order in which the log told. */
  settled: string[];
  /** Appends a line. Resolves to "stored" or the reason; never rejects. */
  append(entry: string): Promise<string>;
  /** Appends lines at once. */
  appendAll(...entries: string[]): Promise<string[]>;
}

/**
 * Opens a log.
 *
 * @param fsync Whether it waits for the disk. @default {true}
 * @returns The log.
 */
export function openMemoryLog(fsync = true): MemoryLog {
  const memory = new MemoryFile(new TextEncoder().encode("before\n"));
  const file = new FaultFile(memory);
  const log = new AppendLog(
    file,
    memory.bytes.length,
    () => new LineBuffer(),
    { fsync },
  );
  const settled: string[] = [];
  async function append(entry: string): Promise<string> {
    try {
      await log.append(
        (rows) => rows.addLine(entry),
        (isCommitted) => settled.push(`${entry} ${isCommitted}`),
      );
      return "stored";
    } catch (error) {
      if (error instanceof StorageError) return error.message;
      throw error;
    }
  }
  function appendAll(...entries: string[]): Promise<string[]> {
    return Promise.all(entries.map(append));
  }
  return { log, file, memory, settled, append, appendAll };
}

/**
 * Makes entries of 1 KiB each, with the line end.
 *
 * @param count How many.
 * @returns The entries, no two the same.
 */
export function kilobytes(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`.padStart(1023, "."));
}

/** Runs everything that only waits for its turn of the event loop. */
export async function everyTurn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Asserts that a log takes nothing more.
 *
 * @param log The log.
 * @param message What it says of it.
 */
export function assertEnded(
  log: AppendLog<LineBuffer>,
  message: string,
): void {
  assertThrows(
    () => log.append((rows) => rows.addLine("late"), () => {}),
    StorageError,
    message,
  );
}
