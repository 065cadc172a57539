/**
 * One agency's connection as the central sees it: frames in, answers out.
 *
 * @module
 */

import { decodeBatch } from "../batch_frame.ts";
import type { Batch } from "../bet.ts";
import { findInvalidBet } from "../bet_rules.ts";
import { type Connection, isDisconnection } from "../connection.ts";
import { messageOf } from "../errors.ts";
import { action, getLogger } from "../logging.ts";
import {
  decodeAgency,
  encodeError,
  ErrorCode,
  errorCodeName,
  type Frame,
  MessageType,
  NO_INDEX,
  OK_FRAME,
  ProtocolError,
} from "../protocol.ts";
import { StorageError, type Store } from "../storage.ts";

/** What a session asks of the store. */
export type BetStore = Pick<Store, "append" | "finish">;

/** What is sent back for one frame. */
interface Answer {
  frame: Uint8Array;
  /** Whether the conversation ends with it. */
  closes: boolean;
}

const OK: Answer = { frame: OK_FRAME, closes: false };
const REFUSAL_CLOSES: ReadonlySet<number> = new Set([
  ErrorCode.MALFORMED,
  ErrorCode.TOO_LARGE,
  ErrorCode.UNKNOWN_TYPE,
  ErrorCode.STORAGE,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.BUSY,
]);

/** Serves one agency strictly in the order of its frames. */
export class Session {
  readonly #connection: Connection;
  readonly #store: BetStore;
  readonly #ip: string;
  readonly #log = getLogger();
  #isStopping = false;
  #isWaiting = false;

  /**
   * @param connection The agency's connection; closed at the end.
   * @param store Where bets go.
   * @param ip The agency's address, for the log.
   */
  constructor(connection: Connection, store: BetStore, ip: string) {
    this.#connection = connection;
    this.#store = store;
    this.#ip = ip;
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
    }
  }

  /** Ends the conversation once the frames in hand are answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
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
      answers.push(this.#takeBatch(frame.payload));
      frame = this.#connection.takeFrame();
    }
    if (!(await this.#send(await Promise.all(answers)))) return false;
    if (frame && !(await this.#send([await this.#takeOther(frame)]))) {
      return false;
    }
    if (this.#isStopping) return await this.#send([SHUTTING_DOWN]);
    return true;
  }

  /** The next frame; `null` if there is none, which the agency has been told. */
  async #nextFrame(): Promise<Frame | null> {
    this.#isWaiting = true;
    try {
      return await this.#connection.readFrame();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      await this.#send([this.#refuseFrame(error)]);
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
    if (frames.length > 0) await this.#connection.write(concat(frames));
    return end < 0;
  }

  /** Never rejected: what goes wrong is the answer. */
  async #takeBatch(payload: Uint8Array): Promise<Answer> {
    let batch: Batch | undefined;
    try {
      batch = decodeBatch(payload);
      const invalid = findInvalidBet(batch.bets);
      if (invalid) {
        const { index, reason } = invalid;
        return this.#refuseBatch(batch, ErrorCode.INVALID_BET, reason, index);
      }
      await this.#store.append(batch);
    } catch (error) {
      return this.#refuseBatch(batch, codeOf(error), messageOf(error));
    }
    const { agency, count } = batch;
    this.#log.info(() =>
      action("apuesta_recibida", "success", {
        cantidad: count,
        agencia: agency,
      })
    );
    return OK;
  }

  async #takeOther({ type, payload }: Frame): Promise<Answer> {
    try {
      switch (type) {
        case MessageType.FINISH:
          return await this.#takeFinish(decodeAgency(payload));
        case MessageType.WINNERS_QUERY:
          decodeAgency(payload);
          return refusal(
            ErrorCode.UNKNOWN_AGENCY,
            "Cannot ask for winners: this central holds no draw",
          );
        default:
          throw new ProtocolError(
            ErrorCode.UNKNOWN_TYPE,
            `Cannot take message: no agency sends type ${type}`,
          );
      }
    } catch (error) {
      return this.#refuseFrame(error);
    }
  }

  async #takeFinish(agency: number): Promise<Answer> {
    await this.#store.finish(agency);
    this.#log.info(
      action("agencia_finalizada", "success", { agencia: agency }),
    );
    return { frame: new Uint8Array(0), closes: true };
  }

  #refuseBatch(
    batch: Batch | undefined,
    code: number,
    reason: string,
    index: number = NO_INDEX,
  ): Answer {
    this.#log.error(action("apuesta_recibida", "fail", {
      cantidad: batch?.count ?? 0,
      agencia: batch?.agency,
      error: errorCodeName(code),
      motivo: reason,
    }));
    return refusal(code, reason, index);
  }

  #refuseFrame(error: unknown): Answer {
    const code = codeOf(error);
    this.#log.error(action("receive_message", "fail", {
      ip: this.#ip,
      error: errorCodeName(code),
      motivo: messageOf(error),
    }));
    return refusal(code, messageOf(error));
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

function refusal(
  code: number,
  reason: string,
  index: number = NO_INDEX,
): Answer {
  return {
    frame: encodeError({ code, index, reason }),
    closes: REFUSAL_CLOSES.has(code),
  };
}

const SHUTTING_DOWN: Answer = refusal(
  ErrorCode.SHUTTING_DOWN,
  "Cannot take more: the central is shutting down",
);

/** The code that answers an error; any but the peer's and the disk's is ours. */
function codeOf(error: unknown): number {
  if (error instanceof ProtocolError) return error.code;
  if (error instanceof StorageError) return ErrorCode.STORAGE;
  throw error;
}

function concat(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
