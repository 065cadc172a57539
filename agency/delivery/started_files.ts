// Files that the agency has begun to read. Reading a large one takes seconds,
// and another file of the agency must not finish it meanwhile.

import { ifThere, replaceFile } from "../output/output_file.ts";
import { isProcessInput } from "../source/input_file.ts";
import type { OpenDelivery } from "./open_delivery.ts";

const KEY_BYTES = 8;
const FILE_MODE = 0o600;
const NAME_REGEXP = /^agency-(\d+)-start-[0-9a-f]+$/;
const PIPE = "-";

/**
 * Remembers that an input is being read, until the result is disposed of. A
 * failure has no effect: the folder's own records report it.
 */
export async function rememberStart(
  folder: string,
  agency: number,
  input: unknown,
): Promise<Disposable> {
  const path = folder === "" ? undefined : fullPathOf(input);
  if (path === undefined) return { [Symbol.dispose]: () => {} };
  const file = `${folder}/agency-${agency}-start-${await keyOf(path)}`;
  const text = JSON.stringify({ path, since: new Date().toISOString() });
  attempt(() => {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(file, new TextEncoder().encode(text), FILE_MODE);
  });
  return { [Symbol.dispose]: () => attempt(() => Deno.removeSync(file)) };
}

/** What else is being read, or was when its run was killed. */
export function startedBut(
  folder: string,
  agency: number,
  own: string = PIPE,
): OpenDelivery[] {
  const found: OpenDelivery[] = [];
  for (const { name } of attempt(() => [...Deno.readDirSync(folder)]) ?? []) {
    if (NAME_REGEXP.exec(name)?.[1] !== String(agency)) continue;
    const file = `${folder}/${name}`;
    // It ends when that run sends its first batch.
    const start = attempt(() => JSON.parse(Deno.readTextFileSync(file)));
    if (!start || start.path === own) continue;
    const giveUp = () => attempt(() => Deno.removeSync(file));
    found.push({ ...start, isBegun: true, giveUp });
  }
  return found;
}

/** The part of a file's name that stands for a path. */
export async function keyOf(path: string): Promise<string> {
  const bytes = new TextEncoder().encode(path);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash, 0, KEY_BYTES).toHex();
}

/** `undefined` for a file that is not there. */
function fullPathOf(input: unknown): string | undefined {
  if (typeof input !== "string" || isProcessInput(input)) return PIPE;
  return attempt(() => ifThere(() => Deno.realPathSync(input)));
}

function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
