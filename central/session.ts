/**
 * One agency's connection as the central sees it: frames in, answers out.
 *
 * @module
 */

import { type Connection, isDisconnection } from "../connection.ts";
import { messageOf } from "../errors.ts";
import { action, getLogger } from "../logging.ts";
import { type Frame, MessageType, ProtocolError } from "../protocol.ts";
import { type Answer, joinFrames, SHUTTING_DOWN } from "./answer.ts";
import { RequestHandler, type RequestOptions } from "./request_handler.ts";

/** What a session stands on. */
export type SessionOptions = Omit<RequestOptions, "ending">;

/**
 * Most answers owed at once: an agency that sends thousands of small batches
 * must not hold up the others, nor what it has under way pile up.
 */
const MAX_OWED = 16;

/** An answer that is owed, and what it is once that is known. */
interface OwedAnswer {
  known: Promise<void>;
  answer?: Answer;
}

/** Serves one agency strictly in the order of its frames. */
export class Session {
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #ip: string;
  readonly #log = getLogger();
  /** Aborted when the conversation has to end, or has ended. */
  readonly #ending = new AbortController();
  /** In the order of their requests. */
  readonly #owed: OwedAnswer[] = [];
  /** Read, but not taken yet. */
  #frame: Frame | undefined;
  /** Whether nothing is owed and the agency has the word. */
  #isWaiting = false;
  /** Whether the agency has said that it sends no more. */
  #isPeerDone = false;

  /**
   * Creates a session; {@linkcode run} serves it.
   *
   * @param connection The agency's connection; closed at the end.
   * @param options What the session stands on.
   */
  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection;
    this.#ip = options.ip;
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
      while (await this.#serveTurn());
      await this.#connection.hangUp();
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
  async stop(): Promise<void> {
    this.#ending.abort();
    if (!this.#isWaiting) return;
    try {
      await this.#connection.write(SHUTTING_DOWN.frame);
    } catch (error) {
      this.#logFailure(error);
    } finally {
      this.#connection.close();
    }
  }

  /** Closes at once, in the middle of whatever goes on. */
  abort(): void {
    this.#connection.close();
  }

  /** Goes one step on; false at the end of the conversation. */
  async #serveTurn(): Promise<boolean> {
    if (this.#owed.length > 0) return await this.#settleBatches();
    if (this.#ending.signal.aborted) return await this.#send([SHUTTING_DOWN]);
    this.#frame ??= await this.#nextFrame();
    if (!this.#frame) return false;
    if (this.#frame.type !== MessageType.BET) return await this.#serveOther();
    this.#takeBatches();
    return true;
  }

  /**
   * Hands what the agency has sent to the store. Batches under way at once go
   * there together, and share a commit.
   */
  #takeBatches(): void {
    while (
      this.#frame?.type === MessageType.BET && this.#owed.length < MAX_OWED
    ) {
      this.#owe(this.#requests.takeBatch(this.#frame.payload));
      this.#frame = this.#connection.takeFrame();
    }
  }

  #owe(promise: Promise<Answer>): void {
    const owed: OwedAnswer = {
      known: promise.then((answer) => {
        owed.answer = answer;
      }),
    };
    this.#owed.push(owed);
  }

  /**
   * Waits for the oldest answer, and takes what else the agency sends in the
   * meantime. Answers known at once, as those of one commit, go in one write.
   */
  async #settleBatches(): Promise<boolean> {
    const oldest = this.#owed[0]!;
    if (this.#canReadAhead()) {
      const more = this.#connection.readAhead();
      const event = await Promise.race([oldest.known, more]);
      this.#isPeerDone = event === false;
      this.#frame = this.#connection.takeFrame();
    } else {
      await oldest.known;
    }
    const unknown = this.#owed.findIndex((owed) => !owed.answer);
    const known = this.#owed.splice(0, unknown < 0 ? MAX_OWED : unknown);
    if (!await this.#send(known.map((owed) => owed.answer!))) return false;
    if (!this.#ending.signal.aborted) this.#takeBatches();
    return true;
  }

  #canReadAhead(): boolean {
    return this.#owed.length < MAX_OWED && !this.#frame && !this.#isPeerDone &&
      !this.#connection.isFull && !this.#ending.signal.aborted;
  }

  /** Answers a frame that is no batch, once nothing else is owed. */
  async #serveOther(): Promise<boolean> {
    const frame = this.#frame!;
    this.#frame = undefined;
    return await this.#send([await this.#requests.takeOther(frame)]);
  }

  /** The next frame, or nothing at the end, whose reason the agency has been told. */
  async #nextFrame(): Promise<Frame | undefined> {
    this.#isWaiting = true;
    try {
      return await this.#connection.readFrame() ?? undefined;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      await this.#send([this.#requests.refuseFrame(error)]);
      return undefined;
    } finally {
      this.#isWaiting = false;
    }
  }

  /** Sends answers up to the first that ends the conversation; false if one does. */
  async #send(answers: Answer[]): Promise<boolean> {
    const end = answers.findIndex((answer) => answer.closes);
    const sent = end < 0 ? answers : answers.slice(0, end + 1);
    const frames = sent.map((answer) => answer.frame);
    if (frames.length > 0) await this.#connection.write(joinFrames(frames));
    return end < 0;
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
