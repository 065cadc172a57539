/**
 * Delivering an agency's bets: each batch is sent until the central has answered
 * it, with several under way at once if so configured.
 *
 * @module
 */

import type { Connection } from "../connection.ts";
import { action, getLogger } from "../logging.ts";
import {
  encodeFinish,
  errorCodeName,
  type Frame,
  MessageType,
  type Refusal,
} from "../protocol.ts";
import type { RejectedFile } from "./rejected_file.ts";
import { Shipment, type ShipmentLoader } from "./shipment.ts";
import { readReply, refusalOf, type Uplink, UplinkError } from "./uplink.ts";

/** Options of a {@linkcode Delivery}. */
export interface DeliveryOptions {
  /** The agency's id. */
  agency: number;
  /** Frames that may be under way at once. */
  window: number;
  /** Takes the rows that are refused. */
  rejected: RejectedFile;
  /** Told whenever bets have been answered. */
  onProgress(): void;
}

/** Sends what a loader gives, in order, and keeps count of the answers. */
export class Delivery {
  readonly #uplink: Uplink;
  readonly #loader: ShipmentLoader;
  readonly #options: DeliveryOptions;
  readonly #log = getLogger();
  /** Sent, or to be sent again, in order; the rest of the window is free. */
  readonly #unanswered: Shipment[] = [];
  readonly #free: Shipment[];
  #stored = 0;

  /**
   * Prepares a delivery; {@linkcode run} makes it.
   *
   * @param uplink The way to the central.
   * @param loader Gives the batches.
   * @param options Whose they are, and how many may be under way.
   */
  constructor(
    uplink: Uplink,
    loader: ShipmentLoader,
    options: DeliveryOptions,
  ) {
    this.#uplink = uplink;
    this.#loader = loader;
    this.#options = options;
    this.#free = Array.from({ length: options.window }, () => new Shipment());
  }

  /** Bets answered with OK so far. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Delivers every batch that is left, and says that there are no more.
   *
   * @throws {UplinkError} If the central cannot be reached or breaks the
   * protocol.
   */
  async run(): Promise<void> {
    await this.#uplink.converse((connection) => this.#deliver(connection));
  }

  /** Sends what is left of the last connection's, then the rest, then FINISH. */
  async #deliver(connection: Connection): Promise<void> {
    for (const shipment of this.#unanswered) {
      await connection.write(shipment.bytes);
    }
    while (await this.#fillWindow(connection)) {
      let reply: Frame | undefined = await readReply(connection);
      while (reply) {
        await this.#settle(reply);
        reply = connection.takeFrame();
      }
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

  /** Takes the answer to the oldest batch under way. */
  async #settle(reply: Frame): Promise<void> {
    const shipment = this.#unanswered[0];
    if (!shipment) {
      // A central that stops says so right behind its last answer.
      refusalOf(reply);
      throw new UplinkError(
        `Cannot go on: the central sent a reply of type ${reply.type} too many`,
      );
    }
    if (reply.type === MessageType.OK && reply.payload.length === 0) {
      this.#logStored(shipment);
    } else {
      await this.#reject(shipment, refusalOf(reply));
    }
    this.#uplink.progress();
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
    const { rejected } = this.#options;
    const line = await rejected.addShipment(shipment, index);
    this.#log.error(action("apuesta_enviada", "fail", {
      cantidad: shipment.frame.count,
      linea: line,
      error: errorCodeName(code),
      motivo: reason,
    }));
  }

  /** The central closes once it has recorded that there are no more bets. */
  async #finish(connection: Connection): Promise<void> {
    await connection.write(encodeFinish(this.#options.agency));
    const reply = await connection.readFrame();
    if (!reply) return this.#uplink.progress();
    const { code, reason } = refusalOf(reply);
    this.#log.error(action("agencia_finalizada", "fail", {
      error: errorCodeName(code),
      motivo: reason,
    }));
  }
}
