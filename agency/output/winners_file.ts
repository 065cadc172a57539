// Writes the winners' documents to a file or standard output.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { flushLog, writeText } from "../../program/logging.ts";
import {
  ifThere,
  modeOfCopy,
  PRIVATE_MODE,
  probe,
  replaceFile,
} from "./output_file.ts";
import { isProcessInput } from "../source/input_file.ts";

const STANDARD_OUTPUT = "-";
/** As much of a file as shows whether it is a list. */
const SAMPLE_BYTES = 4096;
const DOCUMENTS_REGEXP = /^[0-9\r\n]*$/;
/** It may also be anything else, such as a process's id. */
const ONE_DOCUMENT_REGEXP = /^[0-9]+\s*$/;

/** Files of the same run. */
export interface OtherFiles {
  agencyFile: string;
  /** "" for none. */
  rejectedFile: string;
  /** Where a list of one winner is kept, to know it again; "" for nowhere. */
  lastWinner?: string;
}

/** A file for the winners, checked before anything is sent. */
export class WinnersFile {
  readonly #path: string;
  readonly #mode: number;
  readonly #lastWinner: string;

  private constructor(path: string, mode: number, lastWinner = "") {
    this.#path = path;
    this.#mode = mode;
    this.#lastWinner = lastWinner;
  }

  /**
   * Throws a `ProgramError` if the winners cannot be written, or would overwrite
   * a file of bets or the copy of the refused rows.
   */
  static open(
    path: string,
    { agencyFile, rejectedFile, lastWinner = "" }: OtherFiles,
  ): WinnersFile {
    const isPipe = isProcessInput(agencyFile);
    // A file that cannot be read is reported when it is opened.
    const source = isPipe ? undefined : sourceInfo(agencyFile);
    const mode = modeOfCopy(source?.mode ?? null);
    if (path === STANDARD_OUTPUT) return new WinnersFile(path, mode);
    if (path === "") throw unwritable(path, "the name is empty");
    const info = orUnwritable(path, () => infoOf(path));
    if (info?.isDirectory) throw unwritable(path, "it is a directory");
    if (info && !info.isFile) return new WinnersFile(path, mode);
    if (info && info.ino === source?.ino && info.dev === source?.dev) {
      throw unwritable(path, "it is the agency's file itself");
    }
    // Replaces a symbolic link's target, not the link.
    const target = info ? Deno.realPathSync(path) : path;
    if (info) checkList(target, lastWinner);
    orUnwritable(path, () => probe(target));
    if (fullPathOf(target) === fullPathOf(rejectedFile)) {
      throw unwritable(path, "agency.rejectedFile is the same file");
    }
    return new WinnersFile(target, info?.mode ?? mode, lastWinner);
  }

  async write(winners: readonly string[]): Promise<void> {
    const text = winners.map((document) => `${document}\n`).join("");
    try {
      if (this.#path === STANDARD_OUTPUT) {
        await flushLog();
        writeText(Deno.stdout, text);
      } else {
        await this.#writeFile(new TextEncoder().encode(text));
      }
    } catch (cause) {
      if (cause instanceof ProgramError) throw cause;
      throw unwritable(this.#path, reasonOf(cause), cause);
    }
  }

  async #writeFile(content: Uint8Array): Promise<void> {
    const info = infoOf(this.#path);
    // A device or a pipe is written to, not replaced.
    if (info && !info.isFile) {
      await Deno.writeFile(this.#path, content);
      return;
    }
    // The draw may be held days after the file was checked.
    if (info) checkList(this.#path, this.#lastWinner);
    replaceFile(this.#path, content, this.#mode & 0o777);
    this.#remember(content);
  }

  #remember(content: Uint8Array): void {
    const isOne = ONE_DOCUMENT_REGEXP.test(new TextDecoder().decode(content));
    if (!isOne || this.#lastWinner === "") return;
    try {
      replaceFile(this.#lastWinner, content, PRIVATE_MODE);
    } catch {
      // The list is written; the next run will not replace it.
    }
  }
}

function sourceInfo(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

function orUnwritable<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw unwritable(path, reasonOf(cause), cause);
  }
}

function infoOf(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** Also of a file that is not there yet, if its folder is. */
function fullPathOf(path: string): string | undefined {
  const [, folder = "", name] = /^(.*[/\\])?(.*)$/.exec(path)!;
  return ifThere(() => Deno.realPathSync(path)) ??
    ifThere(() => `${Deno.realPathSync(folder || ".")}/${name}`);
}

/** Keeps any other file from a slip in the command line. */
function checkList(path: string, lastWinner: string): void {
  using file = orUnwritable(path, () => Deno.openSync(path));
  const sample = new Uint8Array(SAMPLE_BYTES);
  const bytes = file.readSync(sample) ?? 0;
  const text = new TextDecoder().decode(sample.subarray(0, bytes));
  const isKnown = !ONE_DOCUMENT_REGEXP.test(text) ||
    (lastWinner !== "" &&
      ifThere(() => Deno.readTextFileSync(lastWinner)) === text);
  if (DOCUMENTS_REGEXP.test(text) && isKnown) return;
  throw unwritable(
    path,
    "it is there and is no list of winners that an earlier run wrote",
  );
}

function unwritable(
  path: string,
  reason: string,
  cause?: unknown,
): ProgramError {
  return new ProgramError(`Cannot write winners "${path}": ${reason}`, {
    cause,
  });
}
