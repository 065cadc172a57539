/**
 * Delivering an agency's bets: each batch is sent until the central has answered
 * it, with several under way at once if so configured.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { action, getLogger } from "../program/logging.ts";
import {
  encodeFinish,
  errorCodeName,
  type Frame,
  MAX_FRAME_BYTES,
  MessageType,
  type Refusal,
} from "../protocol.ts";
import type { RejectedFile } from "./rejected_file.ts";
import { type BatchLoader, OutgoingBatch } from "./outgoing_batch.ts";
import {
  parseRefusal,
  readReply,
  type RetryingConnection,
  UnrecoverableError,
} from "./retrying_connection.ts";

/** Options of a {@linkcode BatchSender}. */
export interface BatchSenderOptions {
  /** The agency's id. */
  agency: number;
  /** Frames that may be under way at once. */
  window: number;
  /** Takes the rows that are refused. */
  rejected: RejectedFile;
  /** Told whenever bets have been answered. */
  onProgress(): void;
}

/** A write costs both sides more than its bytes do, so that several go in one. */
const FRAMES_PER_WRITE = 8;

/** Sends what a loader gives, in order, and keeps count of the answers. */
export class BatchSender {
  readonly #central: RetryingConnection;
  readonly #loader: BatchLoader;
  readonly #options: BatchSenderOptions;
  readonly #log = getLogger();
  /** Loaded and not answered yet, in order; the first of them are under way. */
  readonly #queue: OutgoingBatch[] = [];
  #underWay = 0;
  readonly #free: OutgoingBatch[];
  /** Frames that go in one write. */
  readonly #outgoing: Uint8Array;
  #stored = 0;

  /**
   * Prepares a delivery; {@linkcode run} makes it.
   *
   * @param central The way to the central.
   * @param loader Gives the batches.
   * @param options Whose they are, and how many may be under way.
   */
  constructor(
    central: RetryingConnection,
    loader: BatchLoader,
    options: BatchSenderOptions,
  ) {
    this.#central = central;
    this.#loader = loader;
    this.#options = options;
    // As many again as may be under way are loaded in the meantime.
    const count = 2 * options.window;
    this.#free = Array.from({ length: count }, () => new OutgoingBatch());
    const frames = Math.min(options.window, FRAMES_PER_WRITE);
    this.#outgoing = new Uint8Array(frames * MAX_FRAME_BYTES);
  }

  /** Bets answered with OK so far. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Delivers every batch that is left, and says that there are no more.
   *
   * @throws {UplinkError} If the central cannot be reached or breaks the
   * protocol.
   */
  async run(): Promise<void> {
    await this.#central.run((connection) => this.#deliver(connection));
  }

  /** Sends what the last connection left unanswered, the rest, then FINISH. */
  async #deliver(connection: Connection): Promise<void> {
    this.#underWay = 0;
    await this.#load();
    while (this.#queue.length > 0) {
      await this.#fillWindow(connection);
      await this.#load();
      let reply: Frame | undefined = await readReply(connection);
      while (reply) {
        await this.#settle(reply);
        reply = connection.nextBufferedFrame();
      }
    }
    await this.#finish(connection);
  }

  /** Fills every shipment that is free, as long as there are bets. */
  async #load(): Promise<void> {
    for (;;) {
      const batch = this.#free.at(-1);
      if (!batch || !await this.#loader.load(batch)) return;
      this.#free.pop();
      this.#queue.push(batch);
    }
  }

  /** Sends as many batches as may be under way, several in one write. */
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

  /** Takes the answer to the oldest batch under way. */
  async #settle(reply: Frame): Promise<void> {
    const batch = this.#queue[0];
    if (!batch || this.#underWay === 0) {
      // A central that stops says so right behind its last answer.
      parseRefusal(reply);
      throw new UnrecoverableError(
        `Cannot go on: the central sent a reply of type ${reply.type} too many`,
      );
    }
    if (reply.type === MessageType.OK && reply.payload.length === 0) {
      this.#logStored(batch);
    } else {
      await this.#reject(batch, parseRefusal(reply));
    }
    this.#central.progress();
    this.#queue.shift();
    this.#underWay--;
    this.#free.push(batch);
    this.#options.onProgress();
  }

  #logStored({ frame }: OutgoingBatch): void {
    this.#stored += frame.count;
    this.#log.debug(() =>
      action("apuesta_enviada", "success", { cantidad: frame.count })
    );
  }

  async #reject(batch: OutgoingBatch, refusal: Refusal): Promise<void> {
    const { code, index, reason } = refusal;
    const { rejected } = this.#options;
    const line = await rejected.addBatch(batch, index);
    this.#log.error(action("apuesta_enviada", "fail", {
      cantidad: batch.frame.count,
      linea: line,
      error: errorCodeName(code),
      motivo: reason,
    }));
  }

  /** The central closes once it has recorded that there are no more bets. */
  async #finish(connection: Connection): Promise<void> {
    await connection.write(encodeFinish(this.#options.agency));
    const reply = await connection.readFrame();
    if (!reply) return this.#central.progress();
    const { code, reason } = parseRefusal(reply);
    this.#log.error(action("agencia_finalizada", "fail", {
      error: errorCodeName(code),
      motivo: reason,
    }));
  }
}
