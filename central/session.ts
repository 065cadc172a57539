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
 * Most batches answered in one turn: an agency that sends thousands of small
 * ones at once must not hold up the others, nor its answers pile up.
 */
const MAX_TURN_BATCHES = 64;

/** Serves one agency strictly in the order of its frames. */
export class Session {
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #ip: string;
  readonly #log = getLogger();
  /** Aborted when the conversation has to end, or has ended. */
  readonly #ending = new AbortController();
  /** Whether the agency has the word. */
  #isWaiting = false;

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

  /**
   * Answers what the agency has sent so far. All its batches go to the store
   * together, so that frames under way at once share a commit, and the answers
   * go back in one write. True if the conversation goes on.
   */
  async #serveTurn(): Promise<boolean> {
    let frame: Frame | null | undefined = await this.#nextFrame();
    if (!frame) return false;
    const answers: Promise<Answer>[] = [];
    while (frame?.type === MessageType.BET) {
      answers.push(this.#requests.takeBatch(frame.payload));
      const isFull = answers.length === MAX_TURN_BATCHES;
      frame = isFull ? undefined : this.#connection.takeFrame();
    }
    if (!(await this.#send(await Promise.all(answers)))) return false;
    if (frame && !(await this.#send([await this.#requests.takeOther(frame)]))) {
      return false;
    }
    if (answers.length === MAX_TURN_BATCHES) await letOthersIn();
    if (this.#ending.signal.aborted) return await this.#send([SHUTTING_DOWN]);
    return true;
  }

  /** The next frame; `null` if there is none, which the agency has been told. */
  async #nextFrame(): Promise<Frame | null> {
    this.#isWaiting = true;
    try {
      return await this.#connection.readFrame();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      await this.#send([this.#requests.refuseFrame(error)]);
      return null;
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

/** What has come from others is served before this goes on. */
function letOthersIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
