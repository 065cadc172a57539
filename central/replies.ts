// The replies to an agency: what they are, and the queue that sends them in the
// order of the requests.

import { concatenate } from "../bytes/concatenate.ts";
import type { Connection } from "../net/connection.ts";
import {
  encodeError,
  type ErrorName,
  ERRORS,
  NO_INDEX,
  OK_FRAME,
  ProtocolError,
} from "../protocol/mod.ts";
import {
  BettingClosedError,
  IncompleteError,
  StorageError,
} from "../storage/mod.ts";
import type { FairScheduler } from "./fair_scheduler.ts";

export interface Reply {
  frame: Uint8Array;
  closes: boolean;
}

export const OK: Reply = { frame: OK_FRAME, closes: false };

export const SHUTTING_DOWN: Reply = refusal(
  "SHUTTING_DOWN",
  "Cannot take more: the central is shutting down",
);

/** `index` is that of the first invalid bet, if there is one. */
export function refusal(
  error: ErrorName,
  reason: string,
  index: number = NO_INDEX,
): Reply {
  return {
    frame: encodeError({ error, index, reason }),
    closes: ERRORS[error].closes,
  };
}

/** Names an error of the peer or the disk. Throws any other: it is a bug. */
export function refusalNameOf(error: unknown): ErrorName {
  if (error instanceof ProtocolError) return error.error;
  if (error instanceof StorageError) return "STORAGE";
  if (error instanceof BettingClosedError) return "BETTING_CLOSED";
  if (error instanceof IncompleteError) return "INCOMPLETE";
  throw error;
}

/**
 * Limits how much one agency can have under way: thousands of small batches
 * from one must not hold up the others.
 */
const MAX_OWED = 16;

/** Longest write; a longer reply takes turns with other agencies' (64 KiB). */
const MAX_WRITE_BYTES = 1 << 16;

interface QueuedReply {
  known: Promise<void>;
  outcome?: { reply: Reply } | { fault: unknown };
}

/**
 * Sends replies in the order of the requests. Replies known at the same time,
 * such as one commit's, share a write.
 */
export class ReplyQueue {
  readonly #connection: Connection;
  readonly #scheduler: FairScheduler;
  readonly #owed: QueuedReply[] = [];
  #sending: Promise<void> | undefined;
  #isOver = false;
  #fault: { error: unknown } | undefined;

  /** A reply may close the connection; the scheduler decides when to write. */
  constructor(connection: Connection, scheduler: FairScheduler) {
    this.#connection = connection;
    this.#scheduler = scheduler;
  }

  get isFull(): boolean {
    return this.#owed.length >= MAX_OWED;
  }

  /** Whether a reply has ended the connection, so that no more are sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Closes the connection if the reply rejects. Drops replies after one that
   * closes the connection.
   */
  enqueue(reply: Promise<Reply>): void {
    const owed: QueuedReply = {
      known: reply.then((reply) => {
        owed.outcome = { reply };
      }, (fault) => {
        owed.outcome = { fault };
      }),
    };
    if (this.#isOver) return;
    this.#owed.push(owed);
    this.#sending ??= this.#send();
  }

  /**
   * Waits until the queue is empty. Throws the error that kept a reply from
   * being made or sent.
   */
  async whenIdle(): Promise<void> {
    await this.#sending;
    if (this.#fault) throw this.#fault.error;
  }

  async #send(): Promise<void> {
    try {
      while (this.#owed.length > 0) {
        await this.#owed[0]!.known;
        const scheduler = this.#scheduler;
        if (scheduler.isCrowded) await scheduler.waitForTurn();
        const frames = this.#takeKnown();
        if (this.#isOver) return await this.#hangUp(frames);
        await this.#write(concatenate(frames));
      }
    } catch (error) {
      this.#fault = { error };
      this.#isOver = true;
      this.#connection.close();
    } finally {
      this.#sending = undefined;
    }
  }

  /** Removes the first known replies, up to one that ends the connection. */
  #takeKnown(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    while (this.#owed[0]?.outcome && !this.#isOver) {
      const { outcome } = this.#owed.shift()!;
      if ("fault" in outcome!) throw outcome.fault;
      frames.push(outcome!.reply.frame);
      this.#isOver = outcome!.reply.closes;
    }
    return frames;
  }

  /**
   * A long list of winners goes out in pieces, each with its own time limit: it
   * may take a while.
   */
  async #write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += MAX_WRITE_BYTES) {
      if (start > 0) await this.#scheduler.waitForPiece();
      const piece = bytes.subarray(start, start + MAX_WRITE_BYTES);
      await this.#connection.write(piece);
    }
  }

  async #hangUp(lastFrames: Uint8Array[]): Promise<void> {
    const unsent = this.#owed.splice(0);
    await this.#connection.hangUp(concatenate(lastFrames));
    for (const owed of unsent) {
      await owed.known;
      if (owed.outcome && "fault" in owed.outcome) throw owed.outcome.fault;
    }
  }
}
