// Reads a file once more, from start to end.

import type { RecordReader, Step } from "./source/record_reader.ts";

export type OpenReader = () => RecordReader;

export type RecordStep = Exclude<Step, "more" | "end">;

/** Visits the file's records, or the first ones up to a limit. */
export async function everyRecord(
  reader: RecordReader,
  visit: (reader: RecordReader, step: RecordStep) => void | Promise<void>,
  limit = Infinity,
): Promise<void> {
  for (let step = reader.peek(); step !== "end"; step = reader.peek()) {
    if (step === "more") {
      await reader.more();
      continue;
    }
    if (reader.index >= limit) return;
    // Most records need no wait.
    const wait = visit(reader, step);
    if (wait) await wait;
    reader.consume();
  }
}
