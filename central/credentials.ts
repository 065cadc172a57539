/**
 * The agencies' credentials: a CSV file with the SHA-256 of each agency's token
 * (docs/security.md). It is read again whenever it changes.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";

const LINE_REGEXP = /^([1-9]\d{0,9}),([0-9a-fA-F]{64})$/;
const MAX_AGENCY = 4294967295;
/** Time between two looks at the file. */
const WATCH_PERIOD_MS = 1000;
/** Compared with the token of an agency that is not known. */
const NOBODY = new Uint8Array(32);

/** The hash of each agency's token, by its id. */
export type TokenHashes = ReadonlyMap<number, Uint8Array>;

/** Who may send as which agency. */
export class Credentials {
  readonly #path: string;
  readonly #onRevoked: (agencies: ReadonlySet<number>) => void;
  readonly #timingSafeEqual: (a: Uint8Array, b: Uint8Array) => boolean;
  readonly #log = getLogger();
  readonly #timer: ReturnType<typeof setInterval>;
  #hashes: TokenHashes;
  #version: string;
  #lastProblem = "";

  private constructor(
    path: string,
    state: { hashes: TokenHashes; version: string },
    options: {
      onRevoked(agencies: ReadonlySet<number>): void;
      timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
    },
  ) {
    this.#path = path;
    this.#hashes = state.hashes;
    this.#version = state.version;
    this.#onRevoked = options.onRevoked;
    this.#timingSafeEqual = options.timingSafeEqual;
    this.#timer = setInterval(() => this.#reload(), WATCH_PERIOD_MS);
  }

  /**
   * Reads a file and watches it.
   *
   * @param path The file.
   * @param onRevoked Told the agencies whose token is no longer valid.
   * @returns The credentials.
   * @throws {ProgramError} If the file cannot be read or has a bad line.
   */
  static async open(
    path: string,
    onRevoked: (agencies: ReadonlySet<number>) => void,
  ): Promise<Credentials> {
    const { timingSafeEqual } = await import("node:crypto");
    const version = await versionOf(path);
    const hashes = await readCredentials(path);
    return new Credentials(path, { hashes, version }, {
      onRevoked,
      timingSafeEqual,
    });
  }

  /** Number of agencies with a token. */
  get size(): number {
    return this.#hashes.size;
  }

  /**
   * Checks a token. Takes as long for a wrong one as for the right one.
   *
   * @param agency The agency's id.
   * @param token The token that it has sent.
   * @returns Whether it is the agency's.
   */
  async isValid(agency: number, token: Uint8Array): Promise<boolean> {
    const hash = await hashToken(token);
    const expected = this.#hashes.get(agency);
    const isSame = this.#timingSafeEqual(hash, expected ?? NOBODY);
    return isSame && expected !== undefined;
  }

  /** Stops watching the file. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Reads the file if it has changed. A bad one changes nothing. */
  async #reload(): Promise<void> {
    try {
      const version = await versionOf(this.#path);
      if (version === this.#version) return;
      const hashes = await readCredentials(this.#path);
      this.#version = version;
      this.#lastProblem = "";
      this.#replace(hashes);
    } catch (error) {
      const problem = messageOf(error);
      if (problem === this.#lastProblem) return;
      this.#lastProblem = problem;
      this.#log.error(formatAction("credentials", "fail", {
        reason: `${problem}; those of before stay in force`,
      }));
    }
  }

  #replace(hashes: TokenHashes): void {
    const revoked = new Set<number>();
    for (const [agency, hash] of this.#hashes) {
      const now = hashes.get(agency);
      if (now?.toHex() !== hash.toHex()) revoked.add(agency);
    }
    this.#hashes = hashes;
    this.#log.info(
      formatAction("credentials", "success", { agencies: hashes.size }),
    );
    if (revoked.size > 0) this.#onRevoked(revoked);
  }
}

/**
 * Hashes a token as the file has it.
 *
 * @param token The token.
 * @returns Its SHA-256.
 */
export async function hashToken(token: Uint8Array): Promise<Uint8Array> {
  // A copy, because the token may be a view of a buffer that is used again.
  return new Uint8Array(await crypto.subtle.digest("SHA-256", token.slice()));
}

/**
 * Reads a file of credentials.
 *
 * @param path The file.
 * @returns The hash of each agency's token.
 * @throws {ProgramError} If it cannot be read, has a bad line, or an agency
 * twice.
 */
export async function readCredentials(path: string): Promise<TokenHashes> {
  const hashes = new Map<number, Uint8Array>();
  const lines = (await readText(path)).split("\n");
  for (const [index, line] of lines.entries()) {
    const text = line.trimEnd();
    if (text === "") continue;
    const match = LINE_REGEXP.exec(text);
    const agency = Number(match?.[1]);
    if (!match || agency > MAX_AGENCY) {
      throw badLine(
        path,
        index,
        "expected an agency from 1 to 4294967295, a comma, and 64 hex digits",
      );
    }
    if (hashes.has(agency)) {
      throw badLine(path, index, `agency ${agency} is there twice`);
    }
    hashes.set(agency, Uint8Array.fromHex(match[2]!));
  }
  return hashes;
}

/**
 * Writes a file of credentials that only its owner can read. Replaces it in one
 * step, so that no reader sees half of it.
 *
 * @param file The file.
 * @param hashes The hash of each agency's token.
 */
export async function writeCredentials(
  file: string,
  hashes: TokenHashes,
): Promise<void> {
  const text = [...hashes].map(([agency, hash]) =>
    `${agency},${hash.toHex()}\n`
  );
  // Loaded on demand: a central does not write the file.
  const { dirname } = await import("node:path");
  const temporary = await Deno.makeTempFile({ dir: dirname(file) });
  try {
    if (Deno.build.os !== "windows") await Deno.chmod(temporary, 0o600);
    await Deno.writeTextFile(temporary, text.join(""));
    await Deno.rename(temporary, file);
  } catch (error) {
    await Deno.remove(temporary);
    throw error;
  }
}

function badLine(path: string, index: number, problem: string): ProgramError {
  return new ProgramError(
    `Cannot use credentials "${path}", line ${index + 1}: ${problem}`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new ProgramError(
      `Cannot read credentials "${path}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Changes whenever the file does. */
async function versionOf(path: string): Promise<string> {
  try {
    const { ino, mtime, size } = await Deno.stat(path);
    return `${ino} ${mtime?.getTime()} ${size}`;
  } catch (cause) {
    throw new ProgramError(
      `Cannot read credentials "${path}": ${messageOf(cause)}`,
      { cause },
    );
  }
}
