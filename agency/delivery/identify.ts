// Which delivery a file is.

import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { Delivery } from "./delivery.ts";
import { RowsOfOthers } from "./rows_of_others.ts";
import { newDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/**
 * Identifies a file's delivery. With `isNew`, content that was sent before is
 * stored once more. Throws a `ProgramError` if other rows than the refused
 * ones were changed: they would be stored twice.
 */
export async function identify(
  file: DeliveredFile,
  folder: SentFolder,
  isNew = false,
): Promise<Delivery> {
  const { fingerprint } = file.source;
  const path = fullPathOf(file.source);
  // Damaged records would otherwise show after the last batch.
  folder.openBut({ id: fingerprint });
  const same = folder.withContent(fingerprint);
  const candidates = isNew || same.length === 0 ? folder.correctable() : [];
  const last = path === undefined ? undefined : await folder.idOf(path);
  if (same.length > 0 || candidates.length > 0 || last !== undefined) {
    const { identifyKnown } = await import("./known_file.ts");
    const copied = candidates.filter(({ copies }) => copies[path ?? ""]);
    const known = { folder, path, same, candidates, copied, last };
    return await identifyKnown(file, known, isNew);
  }
  const entry = { ...newDelivery(fingerprint, 1), path };
  const others = new RowsOfOthers(folder, []);
  return new Delivery(folder, file, { entry, others });
}

/** `undefined` for a pipe, whose content has no name. */
function fullPathOf({ path, isNamed }: SourceFile): string | undefined {
  return isNamed ? Deno.realPathSync(path) : undefined;
}
