// Sends an agency's bets. Each batch is sent until the central has replied to
// it; up to `window` batches are under way at once.

import type { Connection } from "../net/connection.ts";
import { assertInvariant, ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  decodeOk,
  encodeFinish,
  type Finish,
  type Frame,
  MAX_FRAME_BYTES,
  meaningOf,
  MessageType,
  type Refusal,
} from "../protocol/mod.ts";
import type { DeliveryRun } from "./delivery_run.ts";
import { OutgoingBatch } from "./outgoing_batch.ts";
import type { Progress } from "./output/progress_bar.ts";
import {
  decodeRefusal,
  errorOf,
  errorOfExtra,
  isOk,
  readReply,
} from "./connection/replies.ts";
import type { Exchange } from "./connection/retrying_connection.ts";

export interface BatchSenderOptions {
  window: number;
  /**
   * Whether a batch with invalid bets is sent again without them. If not, all
   * of its rows are refused.
   */
  retryRefused: boolean;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Frames joined in one write. A write costs both sides more than its bytes do.
 */
const FRAMES_PER_WRITE = 8;

export class BatchSender {
  readonly #run: DeliveryRun;
  readonly #options: BatchSenderOptions;
  readonly #log = getLogger();
  /**
   * Loaded batches that have no reply yet, in order. The first `#underWay` of
   * them are sent.
   */
  readonly #queue: OutgoingBatch[] = [];
  #underWay = 0;
  readonly #free: OutgoingBatch[];
  readonly #outgoing: Uint8Array;
  /** Bets that this run has stored, and bets that the central had before. */
  readonly counts = { stored: 0, repeated: 0 };
  /** Bets that the central is known to have lacked. */
  #lacked = 0;
  /** Whether all bets were new in the last batch that was sent only once. */
  #areNew = true;
  #isBettingClosed = false;

  constructor(run: DeliveryRun, options: BatchSenderOptions) {
    assertInvariant(options.window >= 1, "a window holds a batch");
    this.#run = run;
    this.#options = options;
    // While one window is under way, the next one is loaded.
    const count = 2 * options.window;
    this.#free = Array.from({ length: count }, () => new OutgoingBatch());
    const frames = Math.min(options.window, FRAMES_PER_WRITE);
    this.#outgoing = new Uint8Array(frames * MAX_FRAME_BYTES);
  }

  /**
   * Resends batches without a reply, then sends the rest and FINISH. Returns
   * whether the agency has finished; `undefined` if it was not asked to.
   */
  readonly deliver: Exchange<boolean | undefined> = async (
    connection,
    progress,
  ) => {
    this.#underWay = 0;
    await this.#run.begin();
    await this.load();
    while (this.#queue.length > 0) {
      await this.#fillWindow(connection);
      await this.load();
      let reply: Frame | undefined = await readReply(connection);
      while (reply) {
        this.#handleReply(reply, progress);
        reply = connection.nextBufferedFrame();
      }
    }
    await this.#run.begin();
    const finish = await this.#run.finish(this.#lacked);
    return finish && await this.#finish(connection, finish);
  };

  async load(): Promise<void> {
    const { loader } = this.#run.parts;
    for (;;) {
      const batch = this.#free.at(-1);
      if (!batch || !await loader.load(batch)) return;
      this.#free.pop();
      this.#queue.push(batch);
    }
  }

  async #fillWindow(connection: Connection): Promise<void> {
    const last = Math.min(this.#queue.length, this.#options.window);
    while (this.#underWay < last) {
      const end = Math.min(last, this.#underWay + FRAMES_PER_WRITE);
      let size = 0;
      for (const batch of this.#queue.slice(this.#underWay, end)) {
        this.#outgoing.set(batch.bytes, size);
        size += batch.bytes.length;
        batch.sent++;
      }
      this.#underWay = end;
      await connection.write(this.#outgoing.subarray(0, size));
    }
  }

  #handleReply(reply: Frame, progress: () => void): void {
    const { refused, loader, file } = this.#run.parts;
    const batch = this.#queue[0];
    if (!batch || this.#underWay === 0) throw errorOfExtra(reply);
    if (reply.type === MessageType.OK) {
      this.#count(batch, decodeOk(reply.payload));
      batch.count = 0;
      if (refused.hasWaiting) refused.logBefore(batch.lastLine);
      progress();
    } else {
      this.#refuse(batch, decodeRefusal(reply));
    }
    this.#queue.shift();
    this.#underWay--;
    // The rest of a refused batch is sent after those under way.
    if (batch.count > 0) this.#queue.splice(this.#underWay, 0, batch);
    else this.#free.push(batch);
    this.#options.onProgress?.({
      phase: "sending",
      bytes: loader.byteOffset,
      totalBytes: file.source.contentSize,
      bets: this.counts.stored + this.counts.repeated,
    });
  }

  #count({ count, sent }: OutgoingBatch, repeated: number): void {
    if (repeated > count) {
      throw new ProgramError(
        `Cannot continue: the central says that ${repeated} of ${count} bets were stored before`,
      );
    }
    this.#lacked += count - repeated;
    if (sent === 1) this.#areNew = repeated === 0;
    // If the reply to an earlier attempt was lost, the bets that are repeated now
    // were new in that attempt.
    const before = sent > 1 && this.#areNew ? 0 : repeated;
    this.counts.stored += count - before;
    this.counts.repeated += before;
    this.#log.debug(() =>
      formatAction("apuesta_enviada", "success", { cantidad: count })
    );
  }

  /**
   * Leaves out the invalid bets of a refused batch if the others can be sent
   * again; otherwise, all of its bets.
   */
  #refuse(batch: OutgoingBatch, refusal: Refusal): void {
    const { error, index, reason } = refusal;
    // The central stores no bet of this agency, so no correction can help.
    const isHopeless = error === "UNKNOWN_AGENCY";
    if (meaningOf(error).closes || isHopeless) throw errorOf(refusal);
    this.#isBettingClosed ||= error === "BETTING_CLOSED";
    const isRetried = this.#options.retryRefused && error === "INVALID_BET" &&
      batch.hasBetAt(index);
    // The central names only the first invalid bet.
    const invalid = isRetried ? batch.findInvalid() : new Map<number, string>();
    const out = isRetried ? [index] : this.#missingPlaces(batch);
    for (const place of out) {
      if (!invalid.has(place)) invalid.set(place, reason);
    }
    this.#run.parts.refused.addRefused(batch, refusal, invalid);
    batch.leaveOut(new Set(invalid.keys()));
  }

  /**
   * The places of a refused batch that are not stored. After the draw, these are
   * the bets that earlier runs left out, because the rest is stored. If there are
   * none, or before the draw, these are all bets.
   */
  #missingPlaces(batch: OutgoingBatch): number[] {
    const { refusedBefore } = this.#run.parts.delivery;
    const places = batch.places();
    const missing = this.#isBettingClosed
      ? places.filter((place) => refusedBefore.has(batch.betIndex + place))
      : [];
    if (missing.length > 0) return missing;
    // The central lacks these bets: otherwise it would answer OK.
    if (this.#isBettingClosed) this.#lacked += places.length;
    return places;
  }

  /** False if the central refuses to finish. */
  async #finish(connection: Connection, finish: Finish): Promise<boolean> {
    await connection.write(encodeFinish(finish));
    const reply = await readReply(connection);
    if (isOk(reply)) return true;
    const refusal = decodeRefusal(reply);
    const { error, reason } = refusal;
    const isFinal = error === "INCOMPLETE" || !meaningOf(error).closes;
    if (!isFinal) throw errorOf(refusal);
    const hint = error === "INCOMPLETE" && !this.#isBettingClosed
      ? this.#run.onIncomplete()
      : undefined;
    this.#log.error(
      formatAction("agency_finished", "fail", { error, reason, hint }),
    );
    return false;
  }
}
