// The credentials file: CSV with the SHA-256 of each agency's token
// (docs/security.md).

import { failure, ProgramError } from "../../program/errors.ts";

/** Optional first line. It distinguishes an empty list from an empty file. */
export const NOBODY_LINE = "agency,sha256";
const LINE_REGEXP = /^([1-9]\d{0,9}),([0-9a-fA-F]{64})$/;
const MAX_AGENCY = 4294967295;
const PERMISSION_BITS = 0o777;
const OWNER_ONLY = 0o600;

export type TokenHashes = ReadonlyMap<number, Uint8Array>;

export interface CredentialsList {
  hashes: TokenHashes;
  /** Whether the file has no line at all, not even the first one. */
  isEmpty: boolean;
}

export async function hashToken(token: Uint8Array): Promise<Uint8Array> {
  // A copy, because the token may be a view of a reused buffer.
  return new Uint8Array(await crypto.subtle.digest("SHA-256", token.slice()));
}

/**
 * Throws a `ProgramError` if the file cannot be read, has a bad line, or an
 * agency twice.
 */
export async function readCredentials(path: string): Promise<CredentialsList> {
  return parseCredentials(path, await readText(path));
}

/**
 * Changes a credentials file, or creates one for its owner only. Waits while
 * another process changes it. Replaces it in one step, so that no reader sees
 * half of it; owner, mode and a symbolic link are kept. `change` returns the
 * new hashes, or throws to change nothing. Throws a `ProgramError` if the file
 * cannot be read or replaced.
 */
export async function changeCredentials(
  path: string,
  change: (hashes: TokenHashes) => TokenHashes,
): Promise<void> {
  using file = await openLocked(path);
  const target = await Deno.realPath(path);
  const { hashes } = parseCredentials(path, await readText(target));
  const text = formatCredentials(change(hashes));
  try {
    await replaceFile(target, text, await file.stat());
  } catch (cause) {
    throw failure(`Cannot replace credentials "${path}"`, cause);
  }
}

/**
 * Opens and locks a file that is replaced when it changes: if it was replaced
 * during the wait for the lock, starts again with the new one.
 */
async function openLocked(path: string): Promise<Deno.FsFile> {
  for (;;) {
    const file = await openOrCreate(path);
    try {
      await file.lock(true);
      const { ino, dev } = await file.stat();
      const now = await Deno.stat(path);
      if (now.ino === ino && now.dev === dev) return file;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        file.close();
        throw error;
      }
    }
    file.close();
  }
}

async function openOrCreate(path: string): Promise<Deno.FsFile> {
  const options = { read: true, write: true, create: true, mode: OWNER_ONLY };
  try {
    return await Deno.open(path, options);
  } catch (cause) {
    throw failure(`Cannot open credentials "${path}"`, cause);
  }
}

async function replaceFile(
  path: string,
  text: string,
  { mode, uid, gid }: Deno.FileInfo,
): Promise<void> {
  // Loaded on demand: a central does not write the file.
  const { dirname } = await import("node:path");
  const temporary = await Deno.makeTempFile({ dir: dirname(path) });
  try {
    await Deno.writeTextFile(temporary, text);
    if (Deno.build.os !== "windows") {
      const { uid: ownUid, gid: ownGid } = await Deno.stat(temporary);
      if (uid !== ownUid || gid !== ownGid) {
        await Deno.chown(temporary, uid, gid);
      }
      await Deno.chmod(temporary, mode! & PERMISSION_BITS);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary);
    throw error;
  }
}

function formatCredentials(hashes: TokenHashes): string {
  if (hashes.size === 0) return `${NOBODY_LINE}\n`;
  return [...hashes].map(([agency, hash]) => `${agency},${hash.toHex()}\n`)
    .join("");
}

function parseCredentials(path: string, text: string): CredentialsList {
  const hashes = new Map<number, Uint8Array>();
  const lines = text.split("\n").map((line) => line.trimEnd());
  for (const [index, line] of lines.entries()) {
    if (line === "" || (index === 0 && line === NOBODY_LINE)) continue;
    const match = LINE_REGEXP.exec(line);
    const agency = Number(match?.[1]);
    if (!match || agency > MAX_AGENCY) {
      throw badLine(
        path,
        index,
        "expected an agency from 1 to 4294967295, a comma, and 64 hex digits",
      );
    }
    if (hashes.has(agency)) {
      throw badLine(path, index, `agency ${agency} is listed twice`);
    }
    hashes.set(agency, Uint8Array.fromHex(match[2]!));
  }
  return { hashes, isEmpty: lines.every((line) => line === "") };
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
    const what = `Cannot read credentials "${path}"`;
    if (!(cause instanceof Deno.errors.NotFound)) throw failure(what, cause);
    throw new ProgramError(
      `${what}: it does not exist; "deno task token add 1" creates it`,
      { cause },
    );
  }
}
