// The agency's options and results.

import type { Bet } from "../bet/bet.ts";
import type { Progress } from "./output/progress_bar.ts";
import type { RefusedRow } from "./refused_rows.ts";

/** Options of an `Agency`. */
export interface AgencyOptions {
  /** Number of the agency, 1 to 4294967295. */
  id: number;
  /** `host:port` of the central, or of several of one store, with commas. */
  server: string;
  /** The agency's token, 1 to 255 bytes. @default {undefined} */
  token?: Uint8Array | undefined;
  /**
   * The authorities trusted for TLS, as PEM. Without it the connection is plain.
   *
   * @default {undefined}
   */
  authorities?: readonly string[] | undefined;
  /** Largest number of bets in a batch. @default {150} */
  maxAmount?: number;
  /** Batches sent before the first reply is needed. @default {1} */
  window?: number;
  /**
   * Whether a refused batch is sent again without its invalid bets.
   *
   * @default {true}
   */
  retryRefused?: boolean;
  /** Failed attempts in a row before the agency gives up. @default {20} */
  maxAttempts?: number;
  /**
   * Wait before the second attempt, in milliseconds. It doubles each time, up to
   * 10 seconds.
   *
   * @default {100}
   */
  baseDelayMs?: number;
  /** Longest wait for a reply, in milliseconds. @default {60000} */
  replyTimeoutMs?: number;
}

/** Options of `Agency.check()`. */
export interface ReadOptions {
  /** Aborts everything; its reason is thrown. @default {undefined} */
  signal?: AbortSignal | undefined;
  /** Separates the fields: `,`, `;` or a tab. @default {","} */
  separator?: string;
  /** Called after each part of the file, and each reply. @default {undefined} */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Called for each row that is refused. @default {undefined} */
  onRefused?: ((row: RefusedRow) => void) | undefined;
}

/** Options of `Agency.send()`. */
export interface SendOptions extends ReadOptions {
  /**
   * When the agency finishes: if every record is stored, in any case, or not
   * yet, because another file follows.
   *
   * @default {"complete"}
   */
  finish?: "complete" | "anyway" | "no";
  /** Stores content that was sent before once more. @default {false} */
  asNew?: boolean;
  /**
   * Folder in which deliveries are remembered, so that a corrected file is not
   * stored twice; "" for none.
   *
   * @default {""}
   */
  sentFolder?: string;
  /**
   * Where to copy the refused rows, with `{file}` for the agency's file; "" for
   * no copy.
   *
   * @default {""}
   */
  rejectedFile?: string;
}

/** The result of sending or checking a file. */
export interface Summary {
  /** Its name; "-" if it has none. */
  file: string;
  /** Number of records, without a header. */
  records: number;
  /** Bets that are stored now and were not before. */
  stored: number;
  /** Bets that the central had before. */
  repeated: number;
  /** Rows that were refused. */
  refused: number;
  /** The copy of the refused rows, if there is one. */
  rejectedFile?: string | undefined;
  /** When it was sent to its end before, as ISO 8601, if that is known. */
  sentBefore?: string | undefined;
  /** Whether the agency has finished; `undefined` if it was not to. */
  isFinished?: boolean | undefined;
}

/** What an agency sends: a file's path, its bytes, or bets. */
export type Input =
  | string
  | ReadableStream<Uint8Array>
  | Iterable<Bet>
  | AsyncIterable<Bet>;
