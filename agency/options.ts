// The agency's options and results.

import type { Bet } from "../bet/bet.ts";
import type { Progress } from "./output/progress_bar.ts";
import type { RefusedRow } from "./refused_rows.ts";

/** Options of an `Agency`. */
export interface AgencyOptions {
  /** Number of the agency, 1 to 4294967295. */
  id: number;
  /** `host:port` of the central, or a comma-separated list if several share a store. */
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
  /** Called as the file is read and for each reply. @default {undefined} */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Called for each row that is refused. @default {undefined} */
  onRefused?: ((row: RefusedRow) => void) | undefined;
}

/** Options of `Agency.send()`. */
export interface SendOptions extends ReadOptions {
  /**
   * When the agency finishes: only if every record is stored ("complete"), in any
   * case ("anyway"), or not yet, because another file follows ("no").
   *
   * @default {"complete"}
   */
  finish?: "complete" | "anyway" | "no";
  /**
   * Stores content that was sent before once more. If such a run was stopped
   * before its end, continues it instead. Needs a `sentFolder`.
   *
   * @default {false}
   */
  asNew?: boolean;
  /**
   * Whether an `asNew` run ends only with `Agency.endRun()`, not with `send()`. For
   * a program that has more to do in the run, such as to wait for the draw: if it
   * is stopped before that, the next `send()` of the content continues the run.
   *
   * @default {false}
   */
  staysOpen?: boolean;
  /**
   * Folder in which deliveries are remembered, so that a corrected file is not
   * stored twice; "" for none.
   *
   * @default {""}
   */
  sentFolder?: string;
  /**
   * Path of the copy of the refused rows, in which `{file}` stands for the path of
   * the agency's file; "" for no copy.
   *
   * @default {""}
   */
  rejectedFile?: string;
}

/** The result of sending or checking a file. */
export interface Summary {
  /** The file's path; "-" if it has none. */
  file: string;
  /** Number of records, without a header. */
  records: number;
  /** Bets that this run has stored. */
  stored: number;
  /** Bets that the central had before. */
  repeated: number;
  /** Rows that were refused. */
  refused: number;
  /** Path of the copy of the refused rows, if there is one. */
  rejectedFile?: string | undefined;
  /** When an earlier run sent the file to its end, as ISO 8601, if known. */
  sentBefore?: string | undefined;
  /** Whether the agency has finished; `undefined` if it was not asked to. */
  isFinished?: boolean | undefined;
}

/** What an agency sends: a file's path, its bytes, or bets. */
export type Input =
  | string
  | ReadableStream<Uint8Array>
  | Iterable<Bet>
  | AsyncIterable<Bet>;
