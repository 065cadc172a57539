/**
 * `finished.csv`: the agencies that have finished, one per line.
 *
 * @module
 */

import { AppendLog, type AppendLogOptions } from "./append_log.ts";
import type { StorageError } from "./errors.ts";
import { LineBuffer } from "./line_buffer.ts";
import { DamagedStoreError } from "./recovery/scan.ts";
import { rewriteTail, saveTornTail } from "./recovery/torn_tail.ts";
import { type HeldFile, holdFile } from "./store_file.ts";

const AGENCY_REGEXP = /^[1-9]\d{0,9}$/;
/** What a crash may leave of an id, with zeros for pages that were not written. */
const TORN_REGEXP = /^[\d\0]{1,4096}$/;

/** Records durably which agencies have finished. */
export class FinishLog {
  readonly #held: HeldFile;
  readonly #log: AppendLog<LineBuffer>;
  readonly #finished: Set<number>;

  private constructor(
    held: HeldFile,
    log: AppendLog<LineBuffer>,
    finished: Set<number>,
  ) {
    this.#held = held;
    this.#log = log;
    this.#finished = finished;
  }

  /**
   * Opens the file and creates it if it does not exist. Cuts off a torn last
   * line.
   *
   * @param path The file.
   * @param options The durability.
   * @returns The log.
   * @throws {DamagedStoreError} If a whole line is not an agency's id.
   * @throws {StoreHeldError} If another process holds it.
   */
  static async open(
    path: string,
    options: AppendLogOptions,
  ): Promise<FinishLog> {
    const held = await holdFile(path);
    try {
      const text = await Deno.readTextFile(path);
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      const finished = parseFinished(whole);
      const torn = text.slice(whole.length);
      if (torn !== "") {
        if (!TORN_REGEXP.test(torn)) {
          throw new DamagedStoreError(
            whole.length,
            `${JSON.stringify(torn)} in finished.csv is not a part of an id`,
          );
        }
        await saveTornTail(path, new TextEncoder().encode(torn));
        await held.file.truncate(whole.length);
      }
      // A killed process may have left it in the page cache only.
      if (options.fsync) {
        await rewriteTail(path, whole.length);
        await held.file.syncData();
      }
      const log = new AppendLog(
        held.file,
        whole.length,
        () => new LineBuffer(),
        options,
      );
      return new FinishLog(held, log, finished);
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  /** The agencies that have finished. */
  get agencies(): ReadonlySet<number> {
    return this.#finished;
  }

  /**
   * Records that an agency has finished, unless it is recorded already.
   *
   * @param agency The agency's id.
   * @throws {StorageError} If it cannot be recorded.
   */
  async add(agency: number): Promise<void> {
    if (this.#finished.has(agency)) {
      const loss = this.checkFile();
      if (loss) throw loss;
      return;
    }
    await this.#log.append(
      (lines) => lines.addLine(String(agency)),
      (isCommitted) => isCommitted && this.#finished.add(agency),
    );
  }

  /**
   * Checks that no other program has changed or removed the file.
   *
   * @returns Why nothing is accepted, if it is lost.
   */
  checkFile(): StorageError | undefined {
    return this.#log.checkFile();
  }

  /** Waits for pending commits and closes the file. */
  async close(): Promise<void> {
    await this.#log.close();
    await this.#held.release();
  }
}

/** Parses the whole lines, of ASCII only. */
function parseFinished(text: string): Set<number> {
  const finished = new Set<number>();
  let byteOffset = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    if (!AGENCY_REGEXP.test(line)) {
      throw new DamagedStoreError(
        byteOffset,
        `${JSON.stringify(line)} in finished.csv is not the id of an agency`,
      );
    }
    finished.add(Number(line));
    byteOffset += line.length + 1;
  }
  return finished;
}
