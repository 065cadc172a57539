// Files with certificates or a private key, in PEM form.

import { messageOf, ProgramError } from "../program/errors.ts";

export const CERTIFICATE_REGEXP: RegExp =
  /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

export interface PemFile {
  /** What messages call it. */
  name: string;
  path: string;
  text: string;
}

/** Throws a `ProgramError` if the file cannot be read. */
export async function readPem(name: string, path: string): Promise<PemFile> {
  if (path === "") throw new ProgramError(`Cannot use TLS: ${name} is not set`);
  try {
    const bytes = await Deno.readFile(path);
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return { name, path, text: decoder.decode(bytes) };
  } catch (error) {
    throw unusable({ name, path }, messageOf(error));
  }
}

/** Throws a `ProgramError` with the problem, if there is one. */
export function checkPem(file: PemFile, problem: string | undefined): void {
  if (problem) throw unusable(file, problem);
}

/** If `parse` throws, throws a `ProgramError`: `what` cannot be decoded. */
export function parsePem<T>(file: PemFile, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unusable(file, `${what} cannot be decoded: ${messageOf(error)}`);
  }
}

function unusable(
  { name, path }: Pick<PemFile, "name" | "path">,
  reason: string,
): ProgramError {
  return new ProgramError(`Cannot use ${name} "${path}": ${reason}`);
}
