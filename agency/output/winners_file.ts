// Writes the winners' documents to a file or standard output.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { flushLog, writeText } from "../../program/logging.ts";
import { ifThere, modeOfCopy, probe, replaceFile } from "./output_file.ts";
import { isProcessInput } from "../source/input_file.ts";

const STANDARD_OUTPUT = "-";
/** As much of a file as shows whether it has columns. */
const SAMPLE_BYTES = 4096;
const SEPARATORS_REGEXP = /[,;\t]/;

/** A file for the winners, checked before anything is sent. */
export class WinnersFile {
  readonly #path: string;
  readonly #mode: number;

  private constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
  }

  /**
   * Throws a `ProgramError` if the winners cannot be written or would overwrite
   * a file of bets.
   */
  static async open(path: string, agencyFile: string): Promise<WinnersFile> {
    const isPipe = isProcessInput(agencyFile);
    // A file that cannot be read is reported when it is opened.
    const source = isPipe
      ? undefined
      : await Deno.stat(agencyFile).catch(() => undefined);
    const mode = modeOfCopy(source?.mode ?? null);
    if (path === STANDARD_OUTPUT) return new WinnersFile(path, mode);
    if (path === "") throw unwritable(path, "the name is empty");
    const fail = (cause: unknown) => {
      throw unwritable(path, reasonOf(cause), cause);
    };
    const info = await ifThere(Deno.stat(path)).catch(fail);
    if (info?.isDirectory) throw unwritable(path, "it is a directory");
    if (info && !info.isFile) return new WinnersFile(path, mode);
    if (info && info.ino === source?.ino && info.dev === source?.dev) {
      throw unwritable(path, "it is the agency's file itself");
    }
    // Replaces a symbolic link's target, not the link.
    const target = info ? await Deno.realPath(path) : path;
    if (info) await checkNoColumns(target);
    await probe(target).catch(fail);
    return new WinnersFile(target, info?.mode ?? mode);
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
    const info = await ifThere(Deno.stat(this.#path));
    // A device or a pipe is written to, not replaced.
    if (info && !info.isFile) {
      await Deno.writeFile(this.#path, content);
      return;
    }
    // The draw may be held days after the file was checked.
    if (info) await checkNoColumns(this.#path);
    await replaceFile(this.#path, content, this.#mode & 0o777);
  }
}

/** Keeps bets, a store and tokens from a slip in the command line. */
async function checkNoColumns(path: string): Promise<void> {
  using file = await Deno.open(path).catch((cause) => {
    throw unwritable(path, reasonOf(cause), cause);
  });
  const sample = new Uint8Array(SAMPLE_BYTES);
  const bytes = await file.read(sample) ?? 0;
  const text = new TextDecoder().decode(sample.subarray(0, bytes));
  if (!SEPARATORS_REGEXP.test(text)) return;
  throw unwritable(path, "it has columns, so it is no list of winners");
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
