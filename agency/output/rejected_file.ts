// `<file>.rejected.csv`: a copy of the refused rows, to be corrected and sent
// as a file of its own.

import { concatenate } from "../../bytes/concatenate.ts";
import { ProgramError, reasonOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { IndexSet } from "../index_set.ts";
import {
  hashOf,
  ifThere,
  modeOfCopy,
  PendingFile,
  probe,
} from "./output_file.ts";
import { isProcessInput } from "../source/input_file.ts";
import type { SourceFile } from "../source/source_file.ts";

const KEY = "agency.rejectedFile (--rejected-file)";
/** Rows and line ends joined in one write, which is faster than many. */
const PARTS_PER_WRITE = 512;
const CSV_REGEXP = /(\.csv)?$/;

export interface RejectedCopy {
  path: string;
  /** SHA-256 of the file, in hex. */
  hash: string;
}

/** What the agency knows of a delivery's copies. */
export interface KnownCopies {
  /** SHA-256 of the last copy that the agency wrote to each full path. */
  readonly written: ReadonlyMap<string, string>;
  /** Whether another agency has sent a file from a full path, or copied rows to it. */
  isOfOther(path: string): Promise<boolean>;
}

/**
 * Records a copy that is written and does not have its name yet: a clerk must
 * not be able to correct one that the agency does not know.
 */
export type OnReady = (copy: RejectedCopy) => Promise<void>;

/** Stands for the name of an input that has none. */
const UNNAMED_INPUT = ".data/stdin-{id}-{fingerprint}";

export function rejectedPath(
  template: string,
  agency: number,
  { path, fingerprint }: Pick<SourceFile, "path" | "fingerprint">,
): string {
  const id = String(agency);
  const file = isProcessInput(path)
    ? fillIn(UNNAMED_INPUT, { id, fingerprint })
    : path;
  return fillIn(template, { id, file });
}

/** Replaces each `{name}` in a path. */
export function fillIn(
  template: string,
  values: Readonly<Record<string, string>>,
): string {
  return template.replaceAll(
    /\{(\w+)\}/g,
    (placeholder, name) => values[name] ?? placeholder,
  );
}

/** Fills in the agency's id, unless a file with the literal name exists. */
export function inputPath(template: string, id: string): string {
  const path = fillIn(template, { id });
  const isThere = path !== template &&
    ifThere(() => Deno.statSync(template)) !== undefined;
  return isThere ? template : path;
}

/** The copy of the refused rows, written once all of them are known. */
export class RejectedFile {
  readonly #path: string;
  readonly #file: DeliveredFile;

  constructor(path: string, file: DeliveredFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Checks, before anything is sent, that the file can be written. Throws a
   * `ProgramError` if not.
   */
  check(): void {
    const path = this.#path;
    try {
      const info = ifThere(() => Deno.statSync(path));
      if (info && !info.isFile && !info.isDirectory) {
        throw new ProgramError(
          `Cannot use ${KEY} "${path}": it is a device or a pipe, expected a regular file`,
        );
      }
      probe(path);
    } catch (cause) {
      throw rejectedFileError(path, cause);
    }
  }

  /**
   * Writes the refused rows, in the file's order. If there are none, removes the
   * copies of earlier runs. Replaces and removes only files that an earlier run
   * wrote and that were not changed since. Throws a `ProgramError` if the rows
   * cannot be written, or the agency's file has changed.
   */
  async write(
    refused: IndexSet,
    known: KnownCopies,
    onReady: OnReady,
  ): Promise<RejectedCopy | undefined> {
    if (refused.size === 0) {
      await this.#removeOld(known);
      return undefined;
    }
    try {
      return await this.#replace(refused, known, onReady);
    } catch (cause) {
      throw rejectedFileError(this.#path, cause);
    }
  }

  async #replace(
    refused: IndexSet,
    known: KnownCopies,
    onReady: OnReady,
  ): Promise<RejectedCopy> {
    const path = this.#path;
    using file = new PendingFile(path);
    await this.#copyRows(refused, file);
    const hash = await file.hash();
    let isTaken = false;
    for (let number = 1;; number++) {
      const free = numbered(path, number);
      if (this.#isOwn(free)) continue;
      // A file with the same rows may come from a run that was killed.
      const isFree = lstat(free) === undefined ||
        await isUnchanged(free, known, [hash]);
      if (isFree) {
        await onReady({ path: free, hash });
        file.rename(free, modeOfCopy(this.#file.source.mode));
        if (isTaken) warnOfUserFile(path, free);
        return { path: free, hash };
      }
      isTaken = true;
    }
  }

  #isOwn(path: string): boolean {
    const info = ifThere(() => Deno.statSync(path));
    return info !== undefined && this.#file.source.isSameFile(info);
  }

  /** Rows are copied unchanged; only the last one may lack a line end. */
  async #copyRows(refused: IndexSet, to: PendingFile): Promise<void> {
    const { lineEnd: text } = this.#file.source.content;
    const lineEnd = new TextEncoder().encode(text);
    let parts: Uint8Array[] = [];
    await everyRecord(this.#file, ({ index, bytes }) => {
      if (refused.has(index)) parts.push(bytes.slice(), lineEnd);
      if (parts.length < PARTS_PER_WRITE) return;
      to.write(concatenate(parts));
      parts = [];
    });
    to.write(concatenate(parts));
  }

  async #removeOld(known: KnownCopies): Promise<void> {
    for (const path of known.written.keys()) {
      if (this.#isOwn(path) || !await isUnchanged(path, known)) continue;
      try {
        await Deno.remove(path);
      } catch (error) {
        // Every bet is stored, so this run has not failed.
        getLogger().warn(formatAction("remove_rejected", "fail", {
          file: path,
          error: reasonOf(error),
        }));
      }
    }
  }
}

function rejectedFileError(path: string, cause: unknown): ProgramError {
  if (cause instanceof ProgramError) return cause;
  return new ProgramError(
    `Cannot write the refused rows to "${path}": ${
      reasonOf(cause)
    }; set ${KEY} to a file that can be written`,
    { cause },
  );
}

function warnOfUserFile(path: string, free: string): void {
  getLogger().warn(formatAction("write_rejected", "success", {
    file: free,
    reason: `${path} is not the copy that an earlier run wrote, so it is kept`,
  }));
}

/** `bets.rejected.csv`, `bets.rejected-2.csv`, `bets.rejected-3.csv` … */
function numbered(path: string, number: number): string {
  return number === 1 ? path : path.replace(CSV_REGEXP, `-${number}$1`);
}

/**
 * True for a file that is as the agency wrote it, or has one of these hashes,
 * unless another agency may need it.
 */
async function isUnchanged(
  path: string,
  { written, isOfOther }: KnownCopies,
  hashes: readonly string[] = [],
): Promise<boolean> {
  if (!lstat(path)?.isFile) return false;
  const fullPath = await Deno.realPath(path);
  const expected = [...hashes, written.get(fullPath)];
  return expected.includes(await hashOf(path)) && !await isOfOther(fullPath);
}

function lstat(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.lstatSync(path));
}
