/**
 * Entry of `deno task export`: writes the bets of a store as plain CSV, without
 * the commit marks.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE, loadConfig } from "../program/program.ts";
import { withoutMark } from "../storage/commit_mark.ts";
import { scanStore } from "../storage/recovery.ts";
import { openUnheldFile } from "../storage/store_file.ts";
import { isDatabase } from "./verify.ts";

const USAGE = `Usage: deno task export [FILE]

Writes the bets of the store FILE (default: store.file of config.yaml) to standard
output: agency, first name, last name, document, birthdate, number. No central may
hold the store meanwhile. For a database: deno task export:postgres URL

  --help          print this`;

const STORE_VARIABLE = "SERVER_STORE_FILE";
const CHUNK_BYTES = 1 << 18;

/**
 * Reads the rows of a store in constant memory.
 *
 * @param path The file of bets.
 * @returns Text with whole lines, piece by piece.
 * @throws {StoreHeldError} If a central holds it.
 * @throws {DamagedStoreError} If it is damaged. A torn tail is left out.
 */
export async function* exportStore(path: string): AsyncGenerator<string> {
  using file = await openUnheldFile(path);
  const { committedSize } = await scanStore(file, () => {});
  await file.seek(0, Deno.SeekMode.Start);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  let rest = "";
  for (let left = committedSize; left > 0;) {
    const read = await file.read(chunk.subarray(0, left));
    if (read === null) break;
    left -= read;
    rest += decoder.decode(chunk.subarray(0, read), { stream: true });
    const end = rest.lastIndexOf("\n") + 1;
    yield rest.slice(0, end).split("\n")
      .map(withoutMark).join("\n");
    rest = rest.slice(end);
  }
}

/**
 * Writes text to standard output.
 *
 * @param pieces The text, piece by piece.
 */
export async function writeAll(pieces: AsyncIterable<string>): Promise<void> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) {
    const bytes = encoder.encode(piece);
    for (let at = 0; at < bytes.length;) {
      at += await Deno.stdout.write(bytes.subarray(at));
    }
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return writeLine(Deno.stdout, USAGE);
  if (positionals.length > 1) {
    throw new ProgramError(
      `Cannot export ${positionals.length} stores: one at a time`,
    );
  }
  const path = positionals[0] ?? (await loadConfig(
    "server",
    undefined,
    (name) => name === STORE_VARIABLE ? Deno.env.get(name) : undefined,
  ))["store.file"];
  if (isDatabase(path)) {
    throw new ProgramError(
      "Cannot export a database here: deno task export:postgres URL",
    );
  }
  await writeAll(exportStore(path));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    // Whoever reads has enough, such as head.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      writeLine(Deno.stderr, `export: ${messageOf(error)}`);
      Deno.exitCode = EXIT_FAILURE;
    }
  }
}
