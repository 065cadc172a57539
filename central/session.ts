// One agency's connection: reads requests and sends replies.

import type { Connection } from "../net/connection.ts";
import { isDisconnection } from "../net/disconnection.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { nextTurn } from "../program/timer.ts";
import { type Frame, MessageType, ProtocolError } from "../protocol/mod.ts";
import { ReplyQueue, SHUTTING_DOWN } from "./replies.ts";
import { RequestHandler, type RequestOptions } from "./request_handler.ts";
import type { FairScheduler } from "./fair_scheduler.ts";

export interface SessionOptions extends Omit<RequestOptions, "ending"> {
  scheduler: FairScheduler;
}

/**
 * Frames handled before other agencies get a turn. Waiting for replies in between
 * is a turn, too, so that most agencies take none: each turn takes a millisecond,
 * which made agencies with one batch under way 12 % slower.
 */
const FRAMES_PER_TURN = 64;

/** Serves one agency. Replies are sent in the order of the requests. */
export class Session {
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #replies: ReplyQueue;
  readonly #ip: string;
  /** The only agency that the connection may speak for, if there is one. */
  readonly authorizedAgency: number | undefined;
  readonly #log = getLogger();
  /** Aborted when the session ends or has to end. */
  readonly #ending = new AbortController();
  #isReading = false;
  #handled = 0;
  /** Whether a frame has arrived. A probe sends none. */
  #hasReceived = false;

  /**
   * {@linkcode run} starts the session and closes the connection at its end.
   */
  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#ip = options.ip;
    this.authorizedAgency = options.authorizedAgency;
    this.#replies = new ReplyQueue(connection, options.scheduler);
    this.#requests = new RequestHandler(connection, {
      ...options,
      ending: this.#ending.signal,
    });
  }

  /**
   * Serves the agency until the connection ends. Never rejects: a failure is
   * logged and affects no other session.
   */
  async run(): Promise<void> {
    using _requests = this.#requests;
    try {
      await this.#handleFrames();
      this.#log.info(
        formatAction("close_connection", "success", { ip: this.#ip }),
      );
    } catch (error) {
      this.#logFailure(error);
    } finally {
      this.#connection.close();
      // A request may still be waiting for the draw.
      this.#ending.abort();
    }
  }

  /** Ends the session after the replies to the frames received so far. */
  stop(): void {
    this.#ending.abort();
    if (this.#isReading) this.#enqueueShutdown();
  }

  abort(): void {
    this.#connection.close();
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted || this.#replies.isOver;
  }

  async #handleFrames(): Promise<void> {
    try {
      while (!this.#isEnding) {
        const frame = this.#connection.nextBufferedFrame() ??
          await this.#readFrame();
        if (!frame) break;
        this.#hasReceived = true;
        if (frame.type === MessageType.BET) {
          // Batches do not wait for one another, so that they share a commit.
          this.#replies.enqueue(this.#requests.handleBatch(frame.payload));
        } else {
          await this.#handleOther(frame);
        }
        if (this.#replies.isFull) await this.#replies.whenIdle();
        if (++this.#handled % FRAMES_PER_TURN === 0) await nextTurn();
      }
      if (this.#ending.signal.aborted) this.#enqueueShutdown();
    } finally {
      await this.#replies.whenIdle();
    }
  }

  /** Handles a message other than BET, after all earlier replies. */
  async #handleOther(frame: Frame): Promise<void> {
    await this.#replies.whenIdle();
    if (this.#isEnding) return;
    this.#replies.enqueue(this.#requests.handleOther(frame));
    await this.#replies.whenIdle();
  }

  /** Queues SHUTTING_DOWN after the replies. Doing it twice has no effect. */
  #enqueueShutdown(): void {
    this.#replies.enqueue(Promise.resolve(SHUTTING_DOWN));
  }

  /**
   * Returns `undefined` at the end, or after an invalid frame, which is
   * answered.
   */
  async #readFrame(): Promise<Frame | undefined> {
    // Only an agency in mid-frame is sending. The others wait for replies, and
    // a pending read for each of them would waste memory.
    if (!this.#connection.isMidFrame) {
      await this.#replies.whenIdle();
      if (!this.#connection.hasFilledBuffer) this.#handled = 0;
    }
    if (this.#isEnding) return undefined;
    this.#isReading = true;
    try {
      const frame = await this.#connection.readFrame();
      return frame && !this.#isEnding ? frame : undefined;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#replies.enqueue(Promise.resolve(this.#requests.refuseFrame(error)));
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  /**
   * A lost connection is logged as normal, a probe's not at all; anything else
   * is a bug.
   */
  #logFailure(error: unknown): void {
    const isFault = !isDisconnection(error) && error instanceof Error;
    const line = formatAction("close_connection", "fail", {
      ip: this.#ip,
      error: isFault ? error.stack : messageOf(error),
    });
    if (isFault) this.#log.critical(line);
    else if (this.#hasReceived) this.#log.error(line);
    else this.#log.info(line);
  }
}
