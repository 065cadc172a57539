/**
 * The answers that are owed to one agency.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { joinFrames, type Reply } from "./reply.ts";
import type { FairScheduler } from "./fair_scheduler.ts";

/**
 * Most answers owed at once: an agency that sends thousands of small batches
 * must not hold up the others, nor what it has under way pile up.
 */
const MAX_OWED = 16;

/** An answer that is owed, and what has become of it once that is known. */
interface QueuedReply {
  known: Promise<void>;
  outcome?: { reply: Reply } | { fault: unknown };
}

/**
 * Sends what an agency is owed, in the order of its requests. Answers known at
 * once, as those of one commit, go in one write.
 */
export class ReplyQueue {
  readonly #connection: Connection;
  readonly #scheduler: FairScheduler;
  /** In the order of their requests. */
  readonly #owed: QueuedReply[] = [];
  #sending: Promise<void> | undefined;
  #isOver = false;
  #fault: { error: unknown } | undefined;

  /**
   * Creates a queue that owes nothing.
   *
   * @param connection The agency's, closed with the conversation.
   * @param scheduler Passed before each write.
   */
  constructor(connection: Connection, scheduler: FairScheduler) {
    this.#connection = connection;
    this.#scheduler = scheduler;
  }

  /** Whether no more may be owed until some of it is sent. */
  get isFull(): boolean {
    return this.#owed.length >= MAX_OWED;
  }

  /** Whether nothing more is sent: the conversation has come to its end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Puts an answer at the end. Whatever is behind one that ends the
   * conversation is never sent.
   *
   * @param reply The answer; where it is rejected, the connection is closed.
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
   * Waits until nothing is owed any more.
   *
   * @throws What has kept an answer from being known or sent.
   */
  async whenIdle(): Promise<void> {
    await this.#sending;
    if (this.#fault) throw this.#fault.error;
  }

  async #send(): Promise<void> {
    try {
      while (this.#owed.length > 0) {
        await this.#owed[0]!.known;
        await this.#scheduler.pass();
        await this.#sendKnown();
      }
    } catch (error) {
      this.#fault = { error };
      this.#isOver = true;
      this.#connection.close();
    } finally {
      this.#sending = undefined;
    }
  }

  async #sendKnown(): Promise<void> {
    const frames: Uint8Array[] = [];
    for (let next = this.#owed[0]; next?.outcome; next = this.#owed[0]) {
      if ("fault" in next.outcome) throw next.outcome.fault;
      const { frame, closes } = next.outcome.reply;
      frames.push(frame);
      if (closes) return await this.#hangUp(frames);
      this.#owed.shift();
    }
    await this.#connection.write(joinFrames(frames));
  }

  async #hangUp(lastFrames: Uint8Array[]): Promise<void> {
    this.#isOver = true;
    const unsent = this.#owed.splice(0);
    await this.#connection.hangUp(joinFrames(lastFrames));
    for (const owed of unsent) {
      await owed.known;
      if (owed.outcome && "fault" in owed.outcome) throw owed.outcome.fault;
    }
  }
}
