// One line of the finished file: `event,number,size:write:crc:write:crc`
// (docs/storage.md).

import { formatCrc, type LogEnd, sealLine } from "../format/seal.ts";

/**
 * Bets may be added from now on; none was added since; an agency has finished;
 * the draw is held.
 */
export type FinishEvent = "start" | "stop" | "finish" | "draw";

export interface FinishRecord {
  event: FinishEvent;
  /** The agency that finished, or the draw's number of agencies; else 0. */
  number: number;
  bets: LogEnd;
}

const RECORD_REGEXP =
  /^(?:(start|stop),|(finish|draw),([1-9]\d{0,9})),(0|[1-9]\d{0,14}):(0|[1-9]\d{0,14}):([0-9a-f]{8}):\d+:[0-9a-f]{8}$/;
const MAX_NUMBER = 2 ** 32 - 1;

export function formatRecord(record: FinishRecord, write: number): Uint8Array {
  const { event, number, bets } = record;
  const end = `${bets.size}:${bets.write}:${formatCrc(bets.crc)}`;
  return sealLine(`${event},${number || ""},${end}`, write);
}

/** Parses a line whose seal was verified. */
export function parseRecord(line: string): FinishRecord | undefined {
  const match = RECORD_REGEXP.exec(line);
  if (!match) return undefined;
  const [, plain, numbered, number = "0", size, write, crc] = match;
  if (Number(number) > MAX_NUMBER) return undefined;
  return {
    event: (plain ?? numbered) as FinishEvent,
    number: Number(number),
    bets: {
      size: Number(size),
      write: Number(write),
      crc: parseInt(crc!, 16),
    },
  };
}
