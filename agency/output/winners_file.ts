// Writes the winners' documents to a file or standard output. Of files that are
// there it replaces only what an earlier run wrote and nobody has changed.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { flushLog, writeText } from "../../program/logging.ts";
import { sha256, shortHash } from "../hashes.ts";
import {
  attempt,
  hashOf,
  ifThere,
  modeOfCopy,
  probe,
  replaceFile,
} from "./output_file.ts";
import { isProcessInput } from "../source/input_file.ts";

const STANDARD_OUTPUT = "-";

/** Files of the same run. */
export interface OtherFiles {
  agencyFile: string;
  /** "" for none. */
  rejectedFile: string;
  /**
   * Where the agency keeps the hashes of lists that it wrote, one file for each
   * path: how the names of these files begin. "" for nowhere: then no file with
   * content is replaced.
   */
  records?: string;
}

/** A file for the winners, checked before anything is sent. */
export class WinnersFile {
  readonly #path: string;
  readonly #mode: number;
  readonly #records: string;

  private constructor(path: string, mode: number, records = "") {
    this.#path = path;
    this.#mode = mode;
    this.#records = records;
  }

  /**
   * Throws a `ProgramError` if the winners cannot be written, or would overwrite
   * anything but a list that an earlier run wrote.
   */
  static async open(path: string, others: OtherFiles): Promise<WinnersFile> {
    return await orUnwritable(path, () => WinnersFile.#open(path, others));
  }

  static async #open(
    path: string,
    { agencyFile, rejectedFile, records = "" }: OtherFiles,
  ): Promise<WinnersFile> {
    // A file that cannot be read is reported when it is opened.
    const source = isProcessInput(agencyFile)
      ? undefined
      : attempt(() => Deno.statSync(agencyFile));
    const mode = modeOfCopy(source?.mode);
    if (path === STANDARD_OUTPUT) return new WinnersFile(path, mode);
    if (path === "") throw unwritable(path, "the name is empty");
    const info = infoOf(path);
    if (info?.isDirectory) throw unwritable(path, "it is a directory");
    if (info && !info.isFile) return new WinnersFile(path, mode);
    if (info && info.ino === source?.ino && info.dev === source?.dev) {
      throw unwritable(path, "it is the agency's file itself");
    }
    // Replaces a symbolic link's target, not the link.
    const target = info ? Deno.realPathSync(path) : path;
    await checkOwn(target, records);
    probe(target);
    if (fullPathOf(target) === fullPathOf(rejectedFile)) {
      throw unwritable(path, "agency.rejectedFile is the same file");
    }
    return new WinnersFile(target, info?.mode ?? mode, records);
  }

  async write(winners: readonly string[]): Promise<void> {
    const text = winners.map((document) => `${document}\n`).join("");
    await orUnwritable(this.#path, async () => {
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
    const before = await checkOwn(this.#path, this.#records);
    await this.#remember(text, before);
    replaceFile(this.#path, text, { mode: this.#mode & 0o777 });
  }

  /** Also what is there, for the run may end before it is replaced. */
  async #remember(text: string, before: string): Promise<void> {
    const record = await recordPath(this.#path, this.#records);
    if (record === undefined) return;
    const hashes = `${(await sha256(text)).toHex()}\n${before}\n`;
    // A failure only keeps later runs from replacing the list, and the state
    // folder's own records report it.
    attempt(() => replaceFile(record, hashes));
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

/**
 * Throws a `ProgramError` if something is there that is not a list that an
 * earlier run wrote, or that was changed since. Returns its hash; "" for an empty
 * file, and for none.
 */
async function checkOwn(path: string, records: string): Promise<string> {
  const info = ifThere(() => Deno.lstatSync(path));
  if (!info || info.isFile && info.size === 0) return "";
  const known = info.isFile ? await knownHashes(path, records) : [];
  const hash = known.length > 0 ? await hashOf(path) : "";
  if (known.includes(hash)) return hash;
  throw unwritable(
    path,
    "it is there and is not a list that an earlier run wrote and nobody has changed since; move it away, or set --winners to another file",
  );
}

/** None if they cannot be read: then the file is not replaced. */
async function knownHashes(path: string, records: string): Promise<string[]> {
  const record = await recordPath(path, records);
  const text = record && attempt(() => Deno.readTextFileSync(record));
  return text ? text.split("\n").filter((hash) => hash !== "") : [];
}

/** `undefined` if nothing is kept, or the path's folder is not there. */
async function recordPath(
  path: string,
  records: string,
): Promise<string | undefined> {
  const fullPath = records === "" ? undefined : fullPathOf(path);
  return fullPath && `${records}-${await shortHash(fullPath)}`;
}

async function orUnwritable<T>(
  path: string,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof ProgramError) throw cause;
    throw unwritable(path, reasonOf(cause), { cause });
  }
}

function unwritable(
  path: string,
  reason: string,
  options?: ErrorOptions,
): ProgramError {
  return new ProgramError(`Cannot write winners "${path}": ${reason}`, options);
}
