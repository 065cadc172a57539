/**
 * The agency's memory of what it has sent: one small file per delivery, so that
 * a corrected file is known to be the same delivery, and one per path, which
 * names the delivery that was sent from it last.
 *
 * There may be thousands. So their names have what is searched for, and only
 * those that matter are read.
 *
 * @module
 */

import { messageOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { replaceFile } from "../output/output_file.ts";
import type { RecordDigests } from "./record_digests.ts";

/** What is known about a delivery. */
export interface SentDelivery {
  /** Form of this file. */
  version: 1;
  /** The fingerprint under which its bets are stored: its identity. */
  id: string;
  /** 1, or more for content that was sent again as new. */
  copy: number;
  /** Fingerprint of the content that was sent last. */
  content: string;
  /** Full path of the file, if it has one. */
  path?: string | undefined;
  /** Size of the file in bytes. */
  size: number;
  /** When it was sent to its end first, or begun, as ISO 8601. */
  at: string;
  /** Whether it was ever sent to its end. Then the rest is known. */
  isComplete: boolean;
  /** Number of records, with a header. */
  records: number;
  /** Bet indexes that are not stored, as ranges: `3,7-9`. */
  refused: string;
  /** The other records, if these were kept. */
  digests?: RecordDigests | undefined;
  /** SHA-256 of the copy of its refused rows, in hex. */
  rejected?: string | undefined;
}

const VERSION = 1;
const LINK_BYTES = 8;
const FOLDER_MODE = 0o700;
/** Only for its owner: bets are personal data, and so is who sent which. */
const FILE_MODE = 0o600;

/** What a file that is to be sent is searched by. */
export interface SearchedFile {
  /** The fingerprint of its content. */
  fingerprint: string;
  /** Its full path, if it has one. */
  path: string | undefined;
}

/** What was found. */
export interface FoundDeliveries {
  /** Those with the same content, or with refused rows; the latest first. */
  deliveries: readonly SentDelivery[];
  /** The one that was sent last from the same path. */
  before: SentDelivery | undefined;
}

/** A name has the agency, the identity, the content, and whether rows are missing. */
const NAME_REGEXP =
  /^agency-(\d+)-([0-9a-f]{16})-([0-9a-f]{16})(-refused)?\.json$/;

/** The folder with the files of one agency. */
export class SentFolder {
  readonly #path: string;
  readonly #agency: number;
  #isWarned = false;

  /** A folder "" remembers nothing. */
  constructor(path: string, agency: number) {
    this.#path = path;
    this.#agency = agency;
  }

  /** Finds what is known about a file. */
  async find(file: SearchedFile): Promise<FoundDeliveries> {
    const deliveries: SentDelivery[] = [];
    const last = file.path && await this.#readLink(file.path);
    for (const { name, id, content, isRefused } of await this.#names()) {
      const isWanted = isRefused || id === last || id === file.fingerprint ||
        content === file.fingerprint;
      const delivery = isWanted && await this.#read(name);
      if (delivery) deliveries.push(delivery);
    }
    deliveries.sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0);
    return { deliveries, before: deliveries.find(({ id }) => id === last) };
  }

  /** Keeps a delivery. */
  async save(delivery: SentDelivery): Promise<void> {
    const { id, content, refused, path } = delivery;
    const suffix = refused === "" ? "" : "-refused";
    const name = `agency-${this.#agency}-${id}-${content}${suffix}.json`;
    await this.#orWarn(async () => {
      await Deno.mkdir(this.#path, { recursive: true, mode: FOLDER_MODE });
      await this.#write(name, `${JSON.stringify(delivery)}\n`);
      if (path !== undefined) await this.#write(await this.#linkOf(path), id);
      for (const old of await this.#names()) {
        if (old.id === id && old.name !== name) {
          await Deno.remove(`${this.#path}/${old.name}`);
        }
      }
    });
  }

  async #write(name: string, text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    await replaceFile(`${this.#path}/${name}`, bytes, FILE_MODE);
  }

  async #read(name: string): Promise<SentDelivery | undefined> {
    return await this.#orWarn(async () => {
      const text = await Deno.readTextFile(`${this.#path}/${name}`);
      const delivery: unknown = JSON.parse(text);
      if (isDelivery(delivery)) return delivery;
      throw new SyntaxError(
        `Cannot read "${name}": expected a delivery of version ${VERSION}`,
      );
    });
  }

  async #readLink(path: string): Promise<string | undefined> {
    const link = await this.#linkOf(path);
    return await this.#orWarn(() => Deno.readTextFile(`${this.#path}/${link}`));
  }

  /** Name of the file that says which delivery was sent from a path. */
  async #linkOf(path: string): Promise<string> {
    const bytes = new TextEncoder().encode(path);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    const digits = new Uint8Array(hash, 0, LINK_BYTES).toHex();
    return `agency-${this.#agency}-path-${digits}`;
  }

  /** The names of the agency's deliveries, with what they say. */
  async #names(): Promise<DeliveryName[]> {
    return await this.#orWarn(async () => {
      const names: DeliveryName[] = [];
      for await (const { name } of Deno.readDir(this.#path)) {
        const [, agency, id = "", content = "", refused] =
          NAME_REGEXP.exec(name) ?? [];
        if (agency !== String(this.#agency)) continue;
        names.push({ name, id, content, isRefused: refused !== undefined });
      }
      return names;
    }) ?? [];
  }

  /**
   * A failure is only a warning, and is told once: the bets do not depend on
   * what is remembered. What is not there is not known; that is no failure.
   */
  async #orWarn<T>(operation: () => Promise<T>): Promise<T | undefined> {
    if (this.#path === "") return undefined;
    try {
      return await operation();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || this.#isWarned) {
        return undefined;
      }
      this.#isWarned = true;
      getLogger().warn(formatAction("remember_delivery", "fail", {
        folder: this.#path,
        error: messageOf(error),
        effect: "a corrected file may count as a new one",
      }));
      return undefined;
    }
  }
}

/** What the name of a delivery's file says. */
interface DeliveryName {
  name: string;
  id: string;
  content: string;
  isRefused: boolean;
}

function isDelivery(value: unknown): value is SentDelivery {
  const one = value as SentDelivery | null;
  return typeof one === "object" && one !== null && one.version === VERSION &&
    typeof one.id === "string" && typeof one.content === "string" &&
    typeof one.at === "string" && typeof one.refused === "string";
}
