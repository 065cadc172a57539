/**
 * Sends an agency's bets. Each batch is sent until the central has replied to
 * it; up to `window` batches are under way at once.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { assertInvariant } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  encodeFinish,
  type Frame,
  MAX_FRAME_BYTES,
  type Refusal,
} from "../protocol.ts";
import type { ProblemLog } from "./problem_log.ts";
import type { RejectedFile } from "./rejected_file.ts";
import type { SourceFile } from "./source/source_file.ts";
import { type BatchLoader, OutgoingBatch } from "./outgoing_batch.ts";
import {
  isOk,
  parseRefusal,
  readReply,
  UnrecoverableError,
} from "./replies.ts";
import type { RetryingConnection } from "./retrying_connection.ts";

/** Options of a {@linkcode BatchSender}. */
export interface BatchSenderOptions {
  /** The agency's id. */
  agency: number;
  /** Largest number of batches under way at once. */
  window: number;
  /** The file, which must not change before the last bet is stored. */
  source: Pick<SourceFile, "throwIfChanged">;
  /** Collects the refused rows. */
  rejected: RejectedFile;
  /** Logs the rows that this agency finds invalid itself. */
  problems: ProblemLog;
  /**
   * Whether a batch with invalid bets is sent again without them. If not, all of
   * its rows are rejected.
   */
  retryRefused: boolean;
  /** Called after each reply to a batch. */
  onProgress(): void;
}

/**
 * Frames joined in one write. A write costs both sides more than its bytes do.
 */
const FRAMES_PER_WRITE = 8;

/** Sends the batches of a loader in order, and counts the replies. */
export class BatchSender {
  readonly #central: RetryingConnection;
  readonly #loader: BatchLoader;
  readonly #options: BatchSenderOptions;
  readonly #log = getLogger();
  /**
   * Loaded batches without a reply, in order. The first `#underWay` are sent.
   */
  readonly #queue: OutgoingBatch[] = [];
  #underWay = 0;
  readonly #free: OutgoingBatch[];
  /** Buffer for the frames of one write. */
  readonly #outgoing: Uint8Array;
  #stored = 0;

  /**
   * Creates a sender. {@linkcode run} starts it.
   *
   * @param central Connects to the central.
   * @param loader Loads the batches.
   * @param options The agency and its limits.
   */
  constructor(
    central: RetryingConnection,
    loader: BatchLoader,
    options: BatchSenderOptions,
  ) {
    assertInvariant(options.window >= 1, "a window holds a batch");
    this.#central = central;
    this.#loader = loader;
    this.#options = options;
    // While one window is under way, the next one is loaded.
    const count = 2 * options.window;
    this.#free = Array.from({ length: count }, () => new OutgoingBatch());
    const frames = Math.min(options.window, FRAMES_PER_WRITE);
    this.#outgoing = new Uint8Array(frames * MAX_FRAME_BYTES);
  }

  /** Number of bets answered with OK so far. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Sends all remaining batches, then FINISH.
   *
   * @throws {UnrecoverableError} If the central cannot be reached or breaks the
   * protocol.
   */
  async run(): Promise<void> {
    await this.#central.run((connection) => this.#deliver(connection));
  }

  /**
   * Resends what the last connection left unanswered, then sends the rest and
   * FINISH.
   */
  async #deliver(connection: Connection): Promise<void> {
    this.#underWay = 0;
    await this.#options.source.throwIfChanged();
    await this.#load();
    while (this.#queue.length > 0) {
      await this.#fillWindow(connection);
      await this.#load();
      let reply: Frame | undefined = await readReply(connection);
      while (reply) {
        await this.#handleReply(reply);
        reply = connection.nextBufferedFrame();
      }
    }
    await this.#finish(connection);
  }

  /** Fills every free batch while there are bets left. */
  async #load(): Promise<void> {
    for (;;) {
      const batch = this.#free.at(-1);
      if (!batch || !await this.#loader.load(batch)) return;
      this.#free.pop();
      this.#queue.push(batch);
    }
  }

  /** Sends batches until the window is full, several in one write. */
  async #fillWindow(connection: Connection): Promise<void> {
    const last = Math.min(this.#queue.length, this.#options.window);
    while (this.#underWay < last) {
      const end = Math.min(last, this.#underWay + FRAMES_PER_WRITE);
      let size = 0;
      for (const { bytes } of this.#queue.slice(this.#underWay, end)) {
        this.#outgoing.set(bytes, size);
        size += bytes.length;
      }
      this.#underWay = end;
      await connection.write(this.#outgoing.subarray(0, size));
    }
  }

  /** Handles the reply to the oldest batch under way. */
  async #handleReply(reply: Frame): Promise<void> {
    const batch = this.#queue[0];
    if (!batch || this.#underWay === 0) {
      // A central that is stopping sends SHUTTING_DOWN after its last reply.
      parseRefusal(reply);
      throw new UnrecoverableError(
        `Cannot go on: the central sent a reply of type ${reply.type} too many`,
      );
    }
    if (isOk(reply)) {
      this.#logStored(batch);
    } else {
      await this.#reject(batch, parseRefusal(reply));
    }
    this.#central.resetAttempts();
    this.#queue.shift();
    this.#underWay--;
    if (batch.nextPiece()) this.#queue.splice(this.#underWay, 0, batch);
    else this.#free.push(batch);
    this.#options.onProgress();
  }

  #logStored({ count }: OutgoingBatch): void {
    this.#stored += count;
    this.#log.debug(() =>
      formatAction("apuesta_enviada", "success", { cantidad: count })
    );
  }

  /**
   * Sets rows of a refused batch aside: those that break a rule if the others
   * can be sent again, else all.
   */
  async #reject(batch: OutgoingBatch, refusal: Refusal): Promise<void> {
    const { error, index, reason } = refusal;
    const { rejected, retryRefused } = this.#options;
    const { count, firstRow } = batch;
    const isRetried = retryRefused && error === "INVALID_BET" &&
      index < count;
    // The central has named only the first one.
    const invalid = isRetried ? batch.findInvalidRows() : undefined;
    const rows = invalid
      ? new Set(invalid.keys()).add(firstRow + index)
      : new Set(Array.from({ length: count }, (_, i) => firstRow + i));
    const added = await rejected.addRows(batch, rows);
    const named = added.find(({ row }) => row === firstRow + index) ?? added[0];
    this.#log.error(formatAction("apuesta_enviada", "fail", {
      cantidad: count,
      line: named?.line,
      error,
      reason,
      // Only the agency, whose data it is, logs the row itself.
      row: error === "INVALID_BET" ? named?.text : undefined,
    }));
    if (!invalid) return;
    for (const row of added) {
      if (row === named) continue;
      this.#options.problems.add({
        line: row.line,
        reason: invalid.get(row.row) ?? reason,
        text: row.text,
      });
    }
    batch.leaveOut(rows);
  }

  /** Sends FINISH. Without an OK it may be lost, and is sent again. */
  async #finish(connection: Connection): Promise<void> {
    await this.#options.source.throwIfChanged();
    await connection.write(encodeFinish({ agency: this.#options.agency }));
    const reply = await readReply(connection);
    this.#central.resetAttempts();
    if (isOk(reply)) return;
    const { error, reason } = parseRefusal(reply);
    this.#log.error(formatAction("agency_finished", "fail", {
      error,
      reason,
    }));
  }
}
