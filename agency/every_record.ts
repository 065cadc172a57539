/**
 * Reads a file once more, from its start to its end.
 *
 * @module
 */

import type { RecordReader, Step } from "./source/record_reader.ts";

/** Reads the records of one file from the start, as often as it is called. */
export type OpenReader = () => RecordReader;

/** A record that a reader stands at. */
export type RecordStep = Exclude<Step, "more" | "end">;

/** Calls `visit` while the reader stands at each record. */
export async function everyRecord(
  reader: RecordReader,
  visit: (reader: RecordReader, step: RecordStep) => void | Promise<void>,
): Promise<void> {
  for (let step = reader.peek(); step !== "end"; step = reader.peek()) {
    if (step === "more") {
      await reader.more();
      continue;
    }
    // Most records need no wait.
    const wait = visit(reader, step);
    if (wait) await wait;
    reader.consume();
  }
}
