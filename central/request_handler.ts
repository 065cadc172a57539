// Handles each message of an agency.

import type { Batch } from "../bet/bet.ts";
import { findInvalidBet } from "../bet/rules.ts";
import type { Connection } from "../net/connection.ts";
import type { Draw } from "./draw.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger, type Result } from "../program/logging.ts";
import {
  decodeAgency,
  decodeAuth,
  decodeBatch,
  decodeFinish,
  encodeOk,
  type ErrorName,
  type Finish,
  type Frame,
  malformed,
  MessageType,
  NO_INDEX,
  OK_FRAME,
  ProtocolError,
} from "../protocol/mod.ts";
import type { BatchWriter, Store } from "../storage/mod.ts";
import type { Statistics } from "./statistics.ts";
import {
  OK,
  refusal,
  refusalNameOf,
  type Reply,
  SHUTTING_DOWN,
} from "./replies.ts";

export interface RequestOptions {
  store: Pick<Store, "writer" | "finish">;
  draw: Draw;
  ip: string;
  /** The only agency that the connection may speak for; `undefined` for any. */
  authorizedAgency?: number | undefined;
  statistics: Statistics;
  /** Aborted when the session ends or has to end. */
  ending: AbortSignal;
}

export class RequestHandler implements Disposable {
  readonly #connection: Connection;
  readonly #options: RequestOptions;
  readonly #draw: Draw;
  readonly #statistics: Statistics;
  readonly #log = getLogger();
  readonly #writer: BatchWriter;
  #isAuthenticated: boolean;
  /** The agency's id, once a request contains it. */
  #agency: number | undefined;

  /** The connection is watched while its agency waits for the draw. */
  constructor(connection: Connection, options: RequestOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#draw = options.draw;
    this.#statistics = options.statistics;
    this.#writer = options.store.writer();
    this.#isAuthenticated = options.authorizedAgency !== undefined;
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }

  /** The payload is copied before this returns. */
  async handleBatch(payload: Uint8Array): Promise<Reply> {
    let batch: Batch | undefined;
    let repeated: number;
    try {
      batch = decodeBatch(payload);
      this.#checkAuthorized(batch.agency);
      this.#agency = batch.agency;
      const invalid = findInvalidBet(batch.bets);
      if (invalid) {
        const { index, reason } = invalid;
        return this.#refuseBatch(batch, "INVALID_BET", reason, index);
      }
      this.#draw.checkMayBet(batch.agency);
      repeated = await this.#writer.append(batch);
    } catch (error) {
      const name = refusalNameOf(error);
      return this.#refuseBatch(batch, name, messageOf(error));
    }
    const { agency, betCount } = batch;
    this.#statistics.onStored(agency, this.#options.ip);
    this.#log.info(() =>
      formatAction("apuesta_recibida", "success", {
        cantidad: betCount,
        agency,
      })
    );
    return repeated === 0 ? OK : { frame: encodeOk(repeated), closes: false };
  }

  async handleOther({ type, payload }: Frame): Promise<Reply> {
    try {
      switch (type) {
        case MessageType.FINISH:
          return await this.#handleFinish(decodeFinish(payload));
        case MessageType.WINNERS_QUERY:
          return await this.#handleWinnersQuery(decodeAgency(payload));
        case MessageType.AUTH:
          return this.#handleAuth(payload);
        default:
          throw new ProtocolError(
            "UNKNOWN_TYPE",
            `Cannot take message: no agency sends type ${type}`,
          );
      }
    } catch (error) {
      return this.refuseFrame(error);
    }
  }

  #checkRequest(agency: number): void {
    this.#checkAuthorized(agency);
    this.#statistics.onRequest(agency, this.#options.ip);
  }

  #checkAuthorized(agency: number): void {
    const { authorizedAgency: authorized } = this.#options;
    if (authorized === undefined || agency === authorized) return;
    throw new ProtocolError(
      "UNAUTHORIZED",
      `Cannot serve agency ${agency}: this connection is agency ${authorized}'s`,
    );
  }

  /**
   * Without credentials the token is ignored. With them, the first AUTH was
   * checked before the session.
   */
  #handleAuth(payload: Uint8Array): Reply {
    decodeAuth(payload);
    if (this.#isAuthenticated) throw malformed("a second AUTH");
    this.#isAuthenticated = true;
    return OK;
  }

  async #handleFinish({ agency, delivery }: Finish): Promise<Reply> {
    this.#checkRequest(agency);
    this.#agency = agency;
    this.#draw.checkMayBet(agency);
    await this.#options.store.finish(agency, delivery);
    this.#log.info(
      formatAction("agency_finished", "success", { agency }),
    );
    return { frame: OK_FRAME, closes: true };
  }

  async #handleWinnersQuery(agency: number): Promise<Reply> {
    this.#checkRequest(agency);
    this.#draw.checkHasPart(agency);
    if (!this.#draw.isHeld && !await this.#awaitDraw(agency)) {
      return SHUTTING_DOWN;
    }
    const { count, frames } = await this.#draw.winners(agency);
    this.#logQuery("success", agency, count);
    return { frame: frames, closes: false };
  }

  /** Returns false if the central stops before the draw is held. */
  async #awaitDraw(agency: number): Promise<boolean> {
    this.#logQuery("in_progress", agency);
    const held = this.#draw.held(this.#options.ending);
    if (await this.#connection.watch(held)) return await held;
    throw new Deno.errors.ConnectionReset(
      `Cannot send agency ${agency} its winners: it disconnected or sent too much while it waited`,
    );
  }

  /**
   * The protocol allows asking for another agency's winners; the log shows it
   * as a warning.
   */
  #logQuery(result: Result, agency: number, winners?: number): void {
    const isOwn = this.#agency === undefined || this.#agency === agency;
    const line = formatAction("consulta_ganadores", result, {
      agency,
      cant_ganadores: winners,
      connection_agency: this.#agency,
      ip: this.#options.ip,
    });
    if (isOwn) this.#log.info(line);
    else this.#log.warn(line);
  }

  #refuseBatch(
    batch: Batch | undefined,
    error: ErrorName,
    reason: string,
    index: number = NO_INDEX,
  ): Reply {
    this.#statistics.onRefusedBatch(batch, this.#options.ip);
    this.#statistics.onRefusal(error);
    this.#log.error(formatAction("apuesta_recibida", "fail", {
      cantidad: batch?.betCount ?? 0,
      agency: batch?.agency,
      error,
      reason,
    }));
    return refusal(error, reason, index);
  }

  /** Throws the error itself if it is a bug of the central. */
  refuseFrame(error: unknown): Reply {
    const name = refusalNameOf(error);
    this.#statistics.onRefusal(name);
    this.#log.error(formatAction("receive_message", "fail", {
      ip: this.#options.ip,
      error: name,
      reason: messageOf(error),
    }));
    return refusal(name, messageOf(error));
  }
}
