/**
 * Delivering an agency's bets: each batch is sent until the central has answered
 * it, over as many connections as that takes.
 *
 * @module
 */

import { Connection, isDisconnection } from "../connection.ts";
import { messageOf } from "../errors.ts";
import { action, getLogger } from "../logging.ts";
import {
  decodeError,
  encodeFinish,
  ErrorCode,
  errorCodeName,
  type Frame,
  MessageType,
  type Refusal,
} from "../protocol.ts";
import { type Address, formatAddress } from "../setting.ts";
import { backoff, delay } from "./backoff.ts";
import type { RejectedFile } from "./rejected_file.ts";
import { Shipment, type ShipmentLoader } from "./shipment.ts";

/** The agency cannot go on, whatever it tries. */
export class DeliveryError extends Error {
  /**
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeliveryError";
  }
}

/** The central has no use for us now, but may have later. */
class LaterError extends Error {
  override name = "LaterError";
}

/** Options of a {@linkcode Delivery}. */
export interface DeliveryOptions {
  /** The agency's id. */
  agency: number;
  /** Where the central is. */
  address: Address;
  /** Frames that may be under way at once. */
  window: number;
  /** Attempts in a row to reach the central. */
  maxAttempts: number;
  /** Milliseconds before the second attempt. */
  baseDelay: number;
  /** Milliseconds that the central may take over a reply. */
  replyTimeout: number;
  /** Ends the delivery, with its reason as the error. */
  signal: AbortSignal;
  /** Told whenever bets have been answered. */
  onProgress(): void;
}

/** Refusals after which the same batch may be taken later. */
const LATER_CODES: ReadonlySet<number> = new Set([
  ErrorCode.STORAGE,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.BUSY,
]);
/** Refusals of this batch alone. */
const BATCH_CODES: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_BET,
  ErrorCode.BETTING_CLOSED,
  ErrorCode.UNKNOWN_AGENCY,
]);

/** Sends what a loader gives, in order, and keeps count of the answers. */
export class Delivery {
  readonly #loader: ShipmentLoader;
  readonly #rejected: RejectedFile;
  readonly #options: DeliveryOptions;
  readonly #log = getLogger();
  /** Sent, or to be sent again, in order; the rest of the window is free. */
  readonly #unanswered: Shipment[] = [];
  readonly #free: Shipment[];
  #failedAttempts = 0;
  #stored = 0;

  /**
   * @param loader Gives the batches.
   * @param rejected Takes the rows that are refused.
   * @param options Where to, and how patiently.
   */
  constructor(
    loader: ShipmentLoader,
    rejected: RejectedFile,
    options: DeliveryOptions,
  ) {
    this.#loader = loader;
    this.#rejected = rejected;
    this.#options = options;
    this.#free = Array.from({ length: options.window }, () => new Shipment());
  }

  /** Bets answered with OK so far. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Delivers every batch and says that there are no more.
   *
   * @throws {DeliveryError} If the central cannot be reached or breaks the
   * protocol.
   */
  async run(): Promise<void> {
    while (!await this.#tryConnection());
  }

  /** Delivers what one connection takes; true if that was all. */
  async #tryConnection(): Promise<boolean> {
    const { signal } = this.#options;
    try {
      using connection = await this.#connect();
      const abort = () => connection.close();
      signal.addEventListener("abort", abort);
      try {
        await this.#converse(connection);
      } finally {
        signal.removeEventListener("abort", abort);
      }
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!isDisconnection(error) && !(error instanceof LaterError)) {
        throw error;
      }
      await this.#waitForNextAttempt(error);
      return false;
    }
  }

  async #connect(): Promise<Connection> {
    const { address, signal, replyTimeout } = this.#options;
    const stream = await Deno.connect({ ...address, signal });
    stream.setNoDelay(true);
    this.#log.debug(() =>
      action("connect", "success", { server_address: formatAddress(address) })
    );
    return new Connection(stream, { idleTimeout: replyTimeout });
  }

  async #waitForNextAttempt(error: unknown): Promise<void> {
    const { maxAttempts, baseDelay, signal, address } = this.#options;
    this.#failedAttempts++;
    this.#log.warn(action("connect", "fail", {
      server_address: formatAddress(address),
      intento: this.#failedAttempts,
      error: messageOf(error),
    }));
    if (this.#failedAttempts >= maxAttempts) {
      throw new DeliveryError(
        `Cannot deliver bets to ${
          formatAddress(address)
        }: ${maxAttempts} attempts failed, the last with: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const wait = backoff(this.#failedAttempts, baseDelay, Math.random());
    await delay(wait, signal);
  }

  /** Sends what is left of the last connection's, then the rest, then FINISH. */
  async #converse(connection: Connection): Promise<void> {
    for (const shipment of this.#unanswered) {
      await connection.write(shipment.bytes);
    }
    while (await this.#fillWindow(connection)) {
      await this.#settle(await this.#readReply(connection));
      for (
        let reply = connection.takeFrame();
        reply;
        reply = connection.takeFrame()
      ) await this.#settle(reply);
    }
    await this.#finish(connection);
  }

  /** Sends as many batches as may be under way; false if none is. */
  async #fillWindow(connection: Connection): Promise<boolean> {
    for (;;) {
      const shipment = this.#free.at(-1);
      if (!shipment || !await this.#loader.load(shipment)) break;
      this.#free.pop();
      this.#unanswered.push(shipment);
      await connection.write(shipment.bytes);
    }
    return this.#unanswered.length > 0;
  }

  async #readReply(connection: Connection): Promise<Frame> {
    const reply = await connection.readFrame();
    if (reply) return reply;
    throw new Deno.errors.ConnectionReset(
      "Cannot read reply: the central has closed the connection",
    );
  }

  /** Takes the answer to the oldest batch under way. */
  async #settle(reply: Frame): Promise<void> {
    const shipment = this.#unanswered[0];
    if (!shipment) {
      throw new DeliveryError(
        `Cannot go on: the central sent a reply of type ${reply.type} too many`,
      );
    }
    if (reply.type === MessageType.OK && reply.payload.length === 0) {
      this.#logStored(shipment);
    } else {
      await this.#reject(shipment, this.#decodeRefusal(reply));
    }
    this.#failedAttempts = 0;
    this.#unanswered.shift();
    this.#free.push(shipment);
    this.#options.onProgress();
  }

  #logStored({ frame }: Shipment): void {
    this.#stored += frame.count;
    this.#log.debug(() =>
      action("apuesta_enviada", "success", { cantidad: frame.count })
    );
  }

  async #reject(shipment: Shipment, refusal: Refusal): Promise<void> {
    const { code, index, reason } = refusal;
    const line = await this.#rejected.addShipment(shipment, index);
    this.#log.error(action("apuesta_enviada", "fail", {
      cantidad: shipment.frame.count,
      linea: line,
      error: errorCodeName(code),
      motivo: reason,
    }));
  }

  /** The refusal of one batch; any other ends the connection or the delivery. */
  #decodeRefusal(reply: Frame): Refusal {
    if (reply.type !== MessageType.ERROR) {
      throw new DeliveryError(
        `Cannot go on: the central sent type ${reply.type} with ${reply.payload.length} bytes, expected OK or ERROR`,
      );
    }
    const refusal = decodeError(reply.payload);
    if (BATCH_CODES.has(refusal.code)) return refusal;
    const text = `${errorCodeName(refusal.code)}: ${refusal.reason}`;
    if (LATER_CODES.has(refusal.code)) throw new LaterError(text);
    throw new DeliveryError(`Cannot go on: the central answered ${text}`);
  }

  /** The central closes once it has recorded that there are no more bets. */
  async #finish(connection: Connection): Promise<void> {
    await connection.write(encodeFinish(this.#options.agency));
    const reply = await connection.readFrame();
    this.#options.signal.throwIfAborted();
    if (!reply) return;
    const { code, reason } = this.#decodeRefusal(reply);
    this.#log.error(action("agencia_finalizada", "fail", {
      error: errorCodeName(code),
      motivo: reason,
    }));
  }
}
