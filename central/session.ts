/**
 * One agency's connection as the central sees it: frames in, answers out.
 *
 * @module
 */

import { type Connection, isDisconnection } from "../net/connection.ts";
import { messageOf } from "../program/errors.ts";
import { action, getLogger } from "../program/logging.ts";
import { type Frame, MessageType, ProtocolError } from "../protocol.ts";
import { SHUTTING_DOWN } from "./reply.ts";
import { ReplyQueue } from "./reply_queue.ts";
import { RequestHandler, type RequestOptions } from "./request_handler.ts";
import type { FairScheduler } from "./fair_scheduler.ts";

/** What a session stands on. */
export interface SessionOptions extends Omit<RequestOptions, "ending"> {
  /** Passed before each write. */
  scheduler: FairScheduler;
}

/**
 * Frames that are taken without a look at the other agencies. Of 7 KB each, the
 * buffer has no more than 9; of the smallest, it has more than 1,000.
 */
const FRAMES_PER_TURN = 64;

/** Serves one agency, whose frames are answered strictly in their order. */
export class Session {
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #replies: ReplyQueue;
  readonly #ip: string;
  readonly #log = getLogger();
  /** Aborted when the conversation has to end, or has ended. */
  readonly #ending = new AbortController();
  /** Whether it waits for the agency's next frame. */
  #isReading = false;
  /** Frames taken of what has been read without a wait. */
  #taken = 0;

  /**
   * Creates a session; {@linkcode run} serves it.
   *
   * @param connection The agency's connection; closed at the end.
   * @param options What the session stands on.
   */
  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#ip = options.ip;
    this.#replies = new ReplyQueue(connection, options.scheduler);
    this.#requests = new RequestHandler(connection, {
      ...options,
      ending: this.#ending.signal,
    });
  }

  /**
   * Serves the agency to the end of the conversation. Whatever ends it is
   * logged and ends no other: never rejected.
   */
  async run(): Promise<void> {
    try {
      await this.#handleFrames();
      this.#log.info(action("close_connection", "success", { ip: this.#ip }));
    } catch (error) {
      this.#logFailure(error);
    } finally {
      this.#connection.close();
      // It may have been waiting for the draw.
      this.#ending.abort();
    }
  }

  /** Ends the conversation once the frames in hand are answered. */
  stop(): void {
    this.#ending.abort();
    if (this.#isReading) this.#tellOfEnd();
  }

  /** Closes at once, in the middle of whatever goes on. */
  abort(): void {
    this.#connection.close();
  }

  /** Whether no more of what the agency sends is taken. */
  get #isEnding(): boolean {
    return this.#ending.signal.aborted || this.#replies.isOver;
  }

  /** Takes what the agency sends, until one side ends the conversation. */
  async #handleFrames(): Promise<void> {
    try {
      while (!this.#isEnding) {
        const frame = this.#connection.nextBufferedFrame() ??
          await this.#readFrame();
        if (!frame) break;
        if (frame.type === MessageType.BET) {
          // Batches do not wait for each other, so that they share a commit.
          this.#replies.enqueue(this.#requests.handleBatch(frame.payload));
        } else {
          await this.#handleOther(frame);
        }
        if (this.#replies.isFull) await this.#replies.whenIdle();
        if (++this.#taken % FRAMES_PER_TURN === 0) await nextTurn();
      }
      if (this.#ending.signal.aborted) this.#tellOfEnd();
    } finally {
      await this.#replies.whenIdle();
    }
  }

  /** Has a frame answered that is no batch, once nothing else is owed. */
  async #handleOther(frame: Frame): Promise<void> {
    await this.#replies.whenIdle();
    if (this.#isEnding) return;
    this.#replies.enqueue(this.#requests.handleOther(frame));
    await this.#replies.whenIdle();
  }

  /** Comes behind what is owed already; saying it twice does nothing. */
  #tellOfEnd(): void {
    this.#replies.enqueue(Promise.resolve(SHUTTING_DOWN));
  }

  /** The next frame, or nothing at the end, whose reason the agency is told. */
  async #readFrame(): Promise<Frame | undefined> {
    // Whoever is in the middle of a frame is sending; others wait for answers,
    // and a read that waits all that time is memory for nothing.
    if (!this.#connection.isMidFrame) await this.#replies.whenIdle();
    if (this.#isEnding) return undefined;
    this.#isReading = true;
    this.#taken = 0;
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

  /** A connection that breaks is everyday; anything else is a fault of ours. */
  #logFailure(error: unknown): void {
    const isFault = !isDisconnection(error) && error instanceof Error;
    const line = action("close_connection", "fail", {
      ip: this.#ip,
      error: isFault ? error.stack : messageOf(error),
    });
    if (isFault) this.#log.critical(line);
    else this.#log.error(line);
  }
}

/** Waits until the event loop has looked at everyone else. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
