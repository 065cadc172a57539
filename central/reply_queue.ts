/**
 * The answers that are owed to one agency.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { type Answer, joinFrames } from "./reply.ts";
import type { Turnstile } from "./fair_scheduler.ts";

/**
 * Most answers owed at once: an agency that sends thousands of small batches
 * must not hold up the others, nor what it has under way pile up.
 */
const MAX_OWED = 16;

/** An answer that is owed, and what has become of it once that is known. */
interface OwedAnswer {
  known: Promise<void>;
  outcome?: { answer: Answer } | { fault: unknown };
}

/**
 * Sends what an agency is owed, in the order of its requests. Answers known at
 * once, as those of one commit, go in one write.
 */
export class AnswerQueue {
  readonly #connection: Connection;
  readonly #turnstile: Turnstile;
  /** In the order of their requests. */
  readonly #owed: OwedAnswer[] = [];
  #sending: Promise<void> | undefined;
  #isOver = false;
  #fault: { error: unknown } | undefined;

  /**
   * Creates a queue that owes nothing.
   *
   * @param connection The agency's, closed with the conversation.
   * @param turnstile Passed before each write.
   */
  constructor(connection: Connection, turnstile: Turnstile) {
    this.#connection = connection;
    this.#turnstile = turnstile;
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
   * @param answer The answer; where it is rejected, the connection is closed.
   */
  owe(answer: Promise<Answer>): void {
    const owed: OwedAnswer = {
      known: answer.then((answer) => {
        owed.outcome = { answer };
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
  async settled(): Promise<void> {
    await this.#sending;
    if (this.#fault) throw this.#fault.error;
  }

  async #send(): Promise<void> {
    try {
      while (this.#owed.length > 0) {
        await this.#owed[0]!.known;
        await this.#turnstile.pass();
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
      const { frame, closes } = next.outcome.answer;
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
