// Writes the winners' documents to a file or standard output. Of files that are
// there it replaces only what an earlier run wrote and nobody has changed.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { flushLog, writeText } from "../../program/logging.ts";
import { sha256, shortHash } from "../hashes.ts";
import {
  hashOf,
  ifThere,
  modeOfCopy,
  PRIVATE_MODE,
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
  static async open(
    path: string,
    { agencyFile, rejectedFile, records = "" }: OtherFiles,
  ): Promise<WinnersFile> {
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
    await checkOwn(target, records);
    orUnwritable(path, () => probe(target));
    if (fullPathOf(target) === fullPathOf(rejectedFile)) {
      throw unwritable(path, "agency.rejectedFile is the same file");
    }
    return new WinnersFile(target, info?.mode ?? mode, records);
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

  async #writeFile(content: Uint8Array<ArrayBuffer>): Promise<void> {
    const info = infoOf(this.#path);
    // A device or a pipe is written to, not replaced.
    if (info && !info.isFile) {
      await Deno.writeFile(this.#path, content);
      return;
    }
    // The draw may be held days after the file was checked.
    const before = await checkOwn(this.#path, this.#records);
    await this.#remember(content, before);
    replaceFile(this.#path, content, this.#mode & 0o777);
  }

  /**
   * Also what is there, for the run may end before it is replaced. A failure
   * only keeps later runs from replacing the list.
   */
  async #remember(
    content: Uint8Array<ArrayBuffer>,
    before: string,
  ): Promise<void> {
    const record = await recordPath(this.#path, this.#records);
    if (record === undefined) return;
    const text = `${(await sha256(content)).toHex()}\n${before}\n`;
    try {
      replaceFile(record, new TextEncoder().encode(text), PRIVATE_MODE);
    } catch {
      // The state folder's own records report it.
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

/**
 * Throws a `ProgramError` if something is there that is not a list that an
 * earlier run wrote, or that was changed since. Returns its hash; "" for an empty
 * file, and for none.
 */
async function checkOwn(path: string, records: string): Promise<string> {
  const info = orUnwritable(path, () => ifThere(() => Deno.lstatSync(path)));
  if (!info || info.isFile && info.size === 0) return "";
  const known = info.isFile ? await knownHashes(path, records) : [];
  if (known.length > 0) {
    const hash = await hashOf(path)
      .catch((cause) =>
        Promise.reject(unwritable(path, reasonOf(cause), cause))
      );
    if (known.includes(hash)) return hash;
  }
  throw unwritable(
    path,
    "it is there and is not a list that an earlier run wrote and nobody has changed since; move it away, or set --winners to another file",
  );
}

/** None if they cannot be read: then the file is not replaced. */
async function knownHashes(path: string, records: string): Promise<string[]> {
  const record = await recordPath(path, records);
  if (record === undefined) return [];
  try {
    const text = await Deno.readTextFile(record);
    return text.split("\n").filter((hash) => hash !== "");
  } catch {
    return [];
  }
}

/** `undefined` if nothing is kept, or the path's folder is not there. */
async function recordPath(
  path: string,
  records: string,
): Promise<string | undefined> {
  const fullPath = records === "" ? undefined : fullPathOf(path);
  return fullPath && `${records}-${await shortHash(fullPath)}`;
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
