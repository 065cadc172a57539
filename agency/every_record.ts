// Reads all records of a file again.

import type { RecordReader, Step } from "./source/record_reader.ts";

export type RecordStep = Exclude<Step, "more" | "end">;

/** Calls `visit` with each record until it returns true. */
export async function everyRecord(
  file: { openReader(): RecordReader },
  visit: (reader: RecordReader, step: RecordStep) => boolean | void,
): Promise<void> {
  const reader = file.openReader();
  for (let step = reader.peek(); step !== "end"; step = reader.peek()) {
    if (step === "more") {
      await reader.more();
      continue;
    }
    if (visit(reader, step)) return;
    reader.consume();
  }
}
