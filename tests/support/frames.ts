// Frames built by hand from docs/protocol.md alone, so that a fault of the
// codec under test cannot hide itself.

/** A bet as its five texts, in the order of an agency's file. */
export type BetRow = readonly string[];

/** Like {@linkcode BetRow}, but a field may be bytes that are not text. */
export type RawRow = readonly (string | Uint8Array)[];

/** Some consecutive bets of a file. */
export interface WireBatch {
  /** The agency's id. @default {1} */
  agency?: number;
  /** 16 hex digits. @default {"0123456789abcdef"} */
  fingerprint?: string;
  /** Position of the first bet. @default {0} */
  betIndex?: number;
  rows: readonly RawRow[];
  /**
   * Number of bets according to the frame; may be wrong. @default
   * {rows.length}.
   */
  count?: number;
}

export interface Reply {
  type: number;
  payload: Uint8Array<ArrayBuffer>;
}

export const Type = {
  BET: 1,
  OK: 2,
  ERROR: 3,
  FINISH: 4,
  WINNERS_QUERY: 5,
  AUTH: 7,
} as const;

export const Code = {
  INVALID_BET: 1,
  MALFORMED: 2,
  TOO_LARGE: 3,
  UNKNOWN_TYPE: 4,
  STORAGE: 5,
  SHUTTING_DOWN: 6,
  BETTING_CLOSED: 7,
  UNKNOWN_AGENCY: 8,
  BUSY: 9,
  UNAUTHORIZED: 10,
  INCOMPLETE: 11,
} as const;

/** The index of an ERROR that no single bet is to blame for. */
export const NO_INDEX = 65535;

/** Bytes before the payload. */
export const HEADER_BYTES = 5;
const UTF8 = new TextEncoder();

/** Puts a header before a payload. */
export function frame(
  type: number,
  payload: Uint8Array = new Uint8Array(0),
  length: number = payload.length,
): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint8(0, type);
  header.setUint32(1, length);
  return concat([new Uint8Array(header.buffer), payload]);
}

/** A BET. */
export function betFrame(batch: WireBatch): Uint8Array<ArrayBuffer> {
  const { agency = 1, fingerprint = "0123456789abcdef", betIndex = 0, rows } =
    batch;
  const header = new DataView(new ArrayBuffer(18));
  header.setUint32(0, agency);
  header.setBigUint64(4, BigInt(`0x${fingerprint}`));
  header.setUint32(12, betIndex);
  header.setUint16(16, batch.count ?? rows.length);
  const fields = rows.flat().map((field) =>
    typeof field === "string" ? UTF8.encode(field) : field
  );
  const packed = fields.flatMap((
    field,
  ) => [Uint8Array.of(field.length), field]);
  return frame(Type.BET, concat([new Uint8Array(header.buffer), ...packed]));
}

/** A FINISH or a WINNERS_QUERY. */
export function agencyFrame(
  type: typeof Type.FINISH | typeof Type.WINNERS_QUERY,
  agency: number,
): Uint8Array<ArrayBuffer> {
  const payload = new DataView(new ArrayBuffer(4));
  payload.setUint32(0, agency);
  return frame(type, new Uint8Array(payload.buffer));
}

/** An AUTH. */
export function authFrame(
  agency: number,
  token: string,
): Uint8Array<ArrayBuffer> {
  const id = new DataView(new ArrayBuffer(4));
  id.setUint32(0, agency);
  return frame(
    Type.AUTH,
    concat([new Uint8Array(id.buffer), UTF8.encode(token)]),
  );
}

/** An ERROR, for a central of the tests' own. */
export function errorFrame(
  code: number,
  index: number = NO_INDEX,
  reason = "Cannot take it: a test says so",
): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(3));
  header.setUint8(0, code);
  header.setUint16(1, index);
  const payload = concat([new Uint8Array(header.buffer), UTF8.encode(reason)]);
  return frame(Type.ERROR, payload);
}

/** What an ERROR says. */
export interface Refusal {
  code: number;
  index: number;
  reason: string;
}

export function readError(reply: Reply | null): Refusal {
  if (reply?.type !== Type.ERROR) {
    throw new Error(`Cannot read ERROR: the reply is of type ${reply?.type}`);
  }
  const view = new DataView(reply.payload.buffer);
  const reason = new TextDecoder("utf-8", { fatal: true })
    .decode(reply.payload.subarray(3));
  return { code: view.getUint8(0), index: view.getUint16(1), reason };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
