// Identifies a file's delivery.

import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { Delivery } from "./delivery.ts";
import { RowsOfOthers } from "./rows_of_others.ts";
import { newDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/**
 * Returns the file's delivery. With `isNew`, content that was sent before is
 * stored once more. Throws a `ProgramError` if rows other than the refused
 * ones were changed: they would be stored twice.
 */
export async function identify(
  file: DeliveredFile,
  folder: SentFolder,
  isNew = false,
): Promise<Delivery> {
  const { fingerprint } = file.source;
  const path = sourcePath(file.source);
  // Reports damaged entries now, not after the last batch.
  folder.otherOpen({ id: fingerprint });
  const same = folder.withContent(fingerprint);
  const candidates = isNew || same.length === 0 ? folder.correctable() : [];
  const last = path === undefined ? undefined : await folder.idOf(path);
  if (same.length > 0 || candidates.length > 0 || last !== undefined) {
    const { identifyKnown } = await import("./known_file.ts");
    const copied = candidates.filter(({ copies }) => copies[path ?? ""]);
    const related = { folder, path, same, candidates, copied, last };
    return await identifyKnown(file, related, isNew);
  }
  const isUnended = isNew || undefined;
  const entry = { ...newDelivery(fingerprint, 1), path, isUnended };
  const others = new RowsOfOthers(folder, []);
  return new Delivery(folder, file, { entry, others });
}

/** The file's full path; `undefined` for a pipe. */
function sourcePath({ path, isNamed }: SourceFile): string | undefined {
  return isNamed ? Deno.realPathSync(path) : undefined;
}
