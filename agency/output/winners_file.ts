// Writes the winners' documents to a file or standard output. Replaces only lists
// that an earlier run wrote and that were not changed since.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { flushLog, writeText } from "../../program/logging.ts";
import { sha256, shortHash } from "../hashes.ts";
import {
  attempt,
  fullPathOf,
  hashOf,
  ifThere,
  modeOfCopy,
  probe,
  replaceFile,
} from "./output_file.ts";
import { isProcessInput } from "../source/input_file.ts";

const STANDARD_OUTPUT = "-";

/** Other files of the run. */
export interface OtherFiles {
  agencyFile: string;
  /** "" for none. */
  rejectedFile: string;
  /**
   * Start of the paths of the files in which the agency keeps the hashes of
   * lists that it wrote. If it is "", none are kept, and only empty
   * files are replaced.
   */
  entries?: string;
}

/** A file for the winners, checked before anything is sent. */
export class WinnersFile {
  readonly #path: string;
  readonly #mode: number;
  /** Path of the entry of the lists that were written to this path. */
  readonly #entry: string | undefined;

  private constructor(path: string, mode: number, entry?: string) {
    this.#path = path;
    this.#mode = mode;
    this.#entry = entry;
  }

  /**
   * Throws a `ProgramError` if the winners cannot be written, or would overwrite
   * anything but a list that an earlier run wrote.
   */
  static async open(path: string, others: OtherFiles): Promise<WinnersFile> {
    return await explainFailure(path, () => WinnersFile.#open(path, others));
  }

  static async #open(
    path: string,
    { agencyFile, rejectedFile, entries = "" }: OtherFiles,
  ): Promise<WinnersFile> {
    // If it cannot be read, the error is reported when the run opens it.
    const source = isProcessInput(agencyFile)
      ? undefined
      : attempt(() => Deno.statSync(agencyFile));
    const mode = modeOfCopy(source?.mode);
    if (path === STANDARD_OUTPUT) return new WinnersFile(path, mode);
    if (path === "") throw winnersFileError(path, "the name is empty");
    const info = infoOf(path);
    if (info?.isDirectory) throw winnersFileError(path, "it is a directory");
    if (info && !info.isFile) return new WinnersFile(path, mode);
    if (info && info.ino === source?.ino && info.dev === source?.dev) {
      throw winnersFileError(path, "it is the agency's file itself");
    }
    // Replaces a symbolic link's target, not the link.
    const target = info ? Deno.realPathSync(path) : path;
    const fullPath = targetOf(target);
    const entry = entries !== "" && fullPath !== undefined
      ? `${entries}-${await shortHash(fullPath)}`
      : undefined;
    const file = new WinnersFile(target, info?.mode ?? mode, entry);
    await file.#checkOwn();
    probe(target);
    if (fullPath === targetOf(rejectedFile)) {
      throw winnersFileError(path, "agency.rejectedFile is the same file");
    }
    return file;
  }

  async write(winners: readonly string[]): Promise<void> {
    const text = winners.map((document) => `${document}\n`).join("");
    await explainFailure(this.#path, async () => {
      if (this.#path !== STANDARD_OUTPUT) return await this.#writeFile(text);
      await flushLog();
      writeText(Deno.stdout, text);
    });
  }

  async #writeFile(text: string): Promise<void> {
    const info = infoOf(this.#path);
    // A device or a pipe is written to, not replaced.
    if (info && !info.isFile) {
      await Deno.writeTextFile(this.#path, text);
      return;
    }
    // The draw may be held days after the file was checked.
    const before = await this.#checkOwn();
    const entry = this.#entry;
    if (entry !== undefined) {
      // Includes the old list's hash: the run may end before it is replaced.
      const hashes = `${(await sha256(text)).toHex()}\n${before}\n`;
      // A failure only keeps later runs from replacing the list, and the state
      // folder's own entries report it.
      attempt(() => replaceFile(entry, hashes));
    }
    replaceFile(this.#path, text, { mode: this.#mode & 0o777 });
  }

  /**
   * Returns the hash of the list at the path; "" if there is no file or an empty
   * one. Throws a `ProgramError` if it is not a list that an earlier run wrote, or
   * if it was changed since.
   */
  async #checkOwn(): Promise<string> {
    const path = this.#path;
    const info = ifThere(() => Deno.lstatSync(path));
    if (!info || info.isFile && info.size === 0) return "";
    const entry = info.isFile ? this.#entry : undefined;
    // If it cannot be read, the file is not replaced.
    const known = entry && attempt(() => Deno.readTextFileSync(entry));
    if (known) {
      const hash = await hashOf(path);
      if (known.split("\n").includes(hash)) return hash;
    }
    throw winnersFileError(
      path,
      "the file exists, and is not an unchanged list of an earlier run; move it away, or set --winners to another file",
    );
  }
}

function infoOf(path: string): Deno.FileInfo | undefined {
  return ifThere(() => Deno.statSync(path));
}

/** The full path of a file that may not exist yet; `undefined` without its folder. */
function targetOf(path: string): string | undefined {
  return ifThere(() => Deno.realPathSync(path)) ??
    ifThere(() => fullPathOf(path));
}

async function explainFailure<T>(
  path: string,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof ProgramError) throw cause;
    throw winnersFileError(path, reasonOf(cause), { cause });
  }
}

function winnersFileError(
  path: string,
  reason: string,
  options?: ErrorOptions,
): ProgramError {
  return new ProgramError(`Cannot write winners "${path}": ${reason}`, options);
}
