// What the agency has sent: one small file per delivery, so that a corrected
// file is recognized as the same delivery, and one per path, which names the
// delivery last sent from it.
//
// There may be thousands, so their names contain the search keys, and only
// matching files are read.

import { reasonOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { replaceFile } from "../output/output_file.ts";
import type { RecordDigests } from "./record_digests.ts";

export interface SentDelivery {
  version: 1;
  /** The fingerprint under which its bets are stored: its identity. */
  id: string;
  /** 1, or more for content that was sent again as new. */
  copy: number;
  /** Fingerprint of the content that was sent last. */
  content: string;
  path?: string | undefined;
  size: number;
  /** When it was first sent to its end, or else started, as ISO 8601. */
  at: string;
  /**
   * Whether it was ever sent to its end. Only then are the following fields
   * known.
   */
  isComplete: boolean;
  /** Number of records, including a header. */
  records: number;
  /** Bet indexes that are not stored, as ranges: `3,7-9`. */
  refused: string;
  digests?: RecordDigests | undefined;
  /** SHA-256 of the copy of its refused rows, in hex. */
  rejected?: string | undefined;
  /** Bet indexes of the rows in each copy that was written, by its path. */
  copies?: Readonly<Record<string, string>> | undefined;
  /** The copy that was sent last. */
  correctedIn?: { path: string; id: string } | undefined;
}

const VERSION = 1;
const LINK_BYTES = 8;
const FOLDER_MODE = 0o700;
/** For the owner only: bets, and who sent which, are personal data. */
const FILE_MODE = 0o600;

/** The search keys of a file that is to be sent. */
export interface SearchedFile {
  fingerprint: string;
  path: string | undefined;
}

export interface FoundDeliveries {
  /**
   * Deliveries with the same content, or with refused rows; the latest first.
   */
  deliveries: readonly SentDelivery[];
  /** The delivery last sent from the path. */
  before: SentDelivery | undefined;
  /** The delivery whose refused rows were copied to the path. */
  origin: SentDelivery | undefined;
}

/**
 * A name has the agency, the identity, the content, and whether rows are
 * missing.
 */
const NAME_REGEXP =
  /^agency-(\d+)-([0-9a-f]{16})-([0-9a-f]{16})(-refused)?\.json$/;

export class SentFolder {
  readonly #path: string;
  readonly #agency: number;
  /** Links that were read or written, by their paths. */
  readonly #links = new Map<string, Link>();
  #isWarned = false;

  /** With the path "" nothing is kept. */
  constructor(path: string, agency: number) {
    this.#path = path;
    this.#agency = agency;
  }

  async find(file: SearchedFile): Promise<FoundDeliveries> {
    const deliveries: SentDelivery[] = [];
    const last = file.path && (await this.#linkOf(file.path)).id;
    for (const { name, id, content, isRefused } of this.#names()) {
      const isWanted = isRefused || id === last || id === file.fingerprint ||
        content === file.fingerprint;
      const delivery = isWanted && this.#read(name);
      if (delivery) deliveries.push(delivery);
    }
    deliveries.sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0);
    const named = deliveries.find(({ id }) => id === last);
    const isCopy = (one?: SentDelivery) => one?.copies?.[file.path ?? ""];
    const origin = isCopy(named) ? named : deliveries.find(isCopy);
    return { deliveries, before: named === origin ? undefined : named, origin };
  }

  /** Saves a delivery that is sent from its path. */
  async save(delivery: SentDelivery): Promise<void> {
    this.update(delivery);
    if (delivery.path !== undefined) await this.link(delivery.path, delivery);
  }

  update(delivery: SentDelivery): void {
    const { id, content, refused } = delivery;
    const suffix = refused === "" ? "" : "-refused";
    const name = `agency-${this.#agency}-${id}-${content}${suffix}.json`;
    this.#orWarn(() => {
      Deno.mkdirSync(this.#path, { recursive: true, mode: FOLDER_MODE });
      this.#write(name, `${JSON.stringify(delivery)}\n`);
      for (const old of this.#names()) {
        if (old.id === id && old.name !== name) {
          Deno.removeSync(`${this.#path}/${old.name}`);
        }
      }
    });
  }

  /** Lets a path name the delivery that was sent from it or copied to it. */
  async link(path: string, { id }: SentDelivery): Promise<void> {
    const link = await this.#linkOf(path);
    if (link.id === id) return;
    this.#orWarn(() => this.#write(link.name, id));
    link.id = id;
  }

  #write(name: string, text: string): void {
    const bytes = new TextEncoder().encode(text);
    replaceFile(`${this.#path}/${name}`, bytes, FILE_MODE);
  }

  #read(name: string): SentDelivery | undefined {
    return this.#orWarn(() => {
      const delivery: unknown = JSON.parse(this.#text(name));
      if (isDelivery(delivery)) return delivery;
      throw new SyntaxError(
        `Cannot read "${name}": expected a delivery of version ${VERSION}`,
      );
    });
  }

  #text(name: string): string {
    return Deno.readTextFileSync(`${this.#path}/${name}`);
  }

  async #linkOf(path: string): Promise<Link> {
    const known = this.#links.get(path);
    if (known) return known;
    const bytes = new TextEncoder().encode(path);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    const digits = new Uint8Array(hash, 0, LINK_BYTES).toHex();
    const name = `agency-${this.#agency}-path-${digits}`;
    const link = { name, id: this.#orWarn(() => this.#text(name)) };
    this.#links.set(path, link);
    return link;
  }

  #names(): DeliveryName[] {
    return this.#orWarn(() => {
      const names: DeliveryName[] = [];
      for (const { name } of Deno.readDirSync(this.#path)) {
        const [, agency, id = "", content = "", refused] =
          NAME_REGEXP.exec(name) ?? [];
        if (agency !== String(this.#agency)) continue;
        names.push({ name, id, content, isRefused: refused !== undefined });
      }
      return names;
    }) ?? [];
  }

  /**
   * Warns once about a failure: the bets do not depend on this folder. A
   * missing file is not a failure.
   */
  #orWarn<T>(operation: () => T): T | undefined {
    if (this.#path === "") return undefined;
    try {
      return operation();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || this.#isWarned) {
        return undefined;
      }
      this.#isWarned = true;
      getLogger().warn(formatAction("remember_delivery", "fail", {
        folder: this.#path,
        error: reasonOf(error),
        effect: "a corrected file may count as a new one",
      }));
      return undefined;
    }
  }
}

/** A path's file, and the delivery that it names. */
interface Link {
  name: string;
  id: string | undefined;
}

/** The content of a delivery's file name. */
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
