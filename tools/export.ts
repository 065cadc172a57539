/**
 * Entry of `deno task export`: writes the bets of a store as plain CSV, without
 * the commit marks.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeLine } from "../program/logging.ts";
import { withoutMark } from "../storage/commit_mark.ts";
import { scanStore } from "../storage/recovery.ts";
import { openUnheldFile } from "../storage/store_file.ts";
import { chooseStore, runTool } from "./tool.ts";

const USAGE = `Usage: deno task export [FILE]

Writes the bets of the store FILE (default: store.file of config.yaml) to standard
output: agency, first name, last name, document, birthdate, number. No central may
hold the store meanwhile. For a database: deno task export:postgres URL

  --help          print this`;

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
    yield rest.slice(0, end).split("\n").map(withoutMark).join("\n");
    rest = rest.slice(end);
  }
}

async function writeAll(pieces: AsyncIterable<string>): Promise<void> {
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
  await writeAll(exportStore(await chooseStore("export", positionals)));
}

if (import.meta.main) await runTool(main, "export");
