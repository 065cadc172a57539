// Entries of what the agency has sent: one small file per delivery, by which a
// corrected file is recognized as the same delivery, and one per path, which
// names the delivery that was last sent from it.
//
// There may be thousands, so their names contain what the agency searches for.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { shortHash } from "../hashes.ts";
import { ifThere, replaceFile } from "../output/output_file.ts";
import type { KnownCopies } from "../output/rejected_file.ts";
import {
  formatDelivery,
  isCutOff,
  isOpen,
  type OpenDelivery,
  parseDelivery,
  revisionOf,
  type SentDelivery,
} from "./sent_delivery.ts";
import { otherStarted } from "./run_start.ts";

/** For the owner only: bets are personal data, and so is who sent them. */
const FOLDER_MODE = 0o700;

/**
 * An entry's name has the agency, the delivery's identity, its content, whether
 * rows were ever refused, and whether the delivery is open.
 */
const NAME_REGEXP =
  /^agency-(\d+)-([0-9a-f]{16})-([0-9a-f]{16})(-refused)?(-open)?\.json$/;
const ID_REGEXP = /^[0-9a-f]{16}$/;

export class SentFolder {
  readonly #path: string;
  readonly #agency: number;
  #isWarned = false;

  /** If the path is "", nothing is remembered. */
  constructor(path: string, agency: number) {
    this.#path = path;
    this.#agency = agency;
  }

  /** Deliveries that have this content or had it first, latest first. */
  withContent(fingerprint: string): SentDelivery[] {
    return this.#read(({ id, content }) =>
      id === fingerprint || content === fingerprint
    );
  }

  /**
   * Deliveries that a file may correct, latest first: some of their rows were
   * refused, or they were cut off.
   */
  correctable(): SentDelivery[] {
    return this.#read(({ isRefused, isOpen }) => isRefused || isOpen);
  }

  /**
   * Other deliveries that still have something to send, latest first, and files
   * that other runs are reading.
   */
  otherOpen(own: Pick<SentDelivery, "id" | "path">): OpenDelivery[] {
    const isOther = ({ id, isOpen }: DeliveryName) => isOpen && id !== own.id;
    const found = this.#read(isOther).map((one): OpenDelivery => ({
      path: one.path,
      isBegun: isCutOff(one),
      since: one.begunAt ?? one.at,
      copy: Object.keys(one.copies).at(-1),
      giveUp: () =>
        this.update({ ...one, begunAt: undefined, isGivenUp: true }),
    }));
    const started = otherStarted(this.#path, this.#agency, own.path)
      .filter(({ path }) => found.every((one) => one.path !== path));
    return [...found, ...started];
  }

  /** Deliveries with rows that were ever refused, latest first. */
  everRefused(): SentDelivery[] {
    return this.#read(({ isRefused }) => isRefused);
  }

  withId(id: string): SentDelivery | undefined {
    return this.#read((one) => one.id === id)[0];
  }

  /**
   * The identity of the delivery that was last sent from a path, or that had its
   * refused rows copied to it.
   */
  async idOf(path: string): Promise<string | undefined> {
    const name = await this.#linkName(path);
    const text = this.#orWarn(() =>
      Deno.readTextFileSync(`${this.#path}/${name}`)
    );
    // Links are not flushed, so a power failure may damage them.
    const isDamaged = text !== undefined && !ID_REGEXP.test(text);
    return isDamaged
      ? this.#read(() => true).find((one) => one.path === path)?.id
      : text;
  }

  /**
   * Records a delivery. If this fails, it throws a `ProgramError` if the entry is
   * needed, because rows would be stored twice without it; otherwise it warns.
   */
  update(delivery: SentDelivery, { isNeeded = false } = {}): void {
    if (!isNeeded) return this.#orWarn(() => this.#write(delivery));
    try {
      this.#write(delivery);
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new ProgramError(
        `Cannot send rows that were refused before: "${this.#path}" cannot be written (${reason}), so they could be stored twice; make it writable`,
        { cause },
      );
    }
  }

  #write(delivery: SentDelivery): void {
    const { id, content, refused, keys } = delivery;
    const isRefused = refused.size > 0 || Object.keys(keys).length > 0;
    const marks = (isRefused ? "-refused" : "") +
      (isOpen(delivery) ? "-open" : "");
    const name = `agency-${this.#agency}-${id}-${content}${marks}.json`;
    Deno.mkdirSync(this.#path, { recursive: true, mode: FOLDER_MODE });
    const earlier = this.#allNames().filter((one) => one.id === id);
    const last = Math.max(0, ...earlier.map((one) => this.#revisionOf(one)));
    // Without its entry, a corrected file would be stored twice.
    const text = `${formatDelivery(delivery, last + 1)}\n`;
    replaceFile(`${this.#path}/${name}`, text, { isFlushed: true });
    for (const old of earlier) {
      if (old.name !== name) Deno.removeSync(`${this.#path}/${old.name}`);
    }
  }

  /** Records which delivery was sent from a path or copied to it. */
  async link(path: string, id: string): Promise<void> {
    const name = await this.#linkName(path);
    this.#orWarn(() => replaceFile(`${this.#path}/${name}`, id));
  }

  /** What is known of the copies of a delivery's refused rows. */
  copiesOf(id: string): KnownCopies {
    const { copies = {}, rejected = "" } = this.withId(id) ?? {};
    return {
      written: new Map(Object.keys(copies).map((path) => [path, rejected])),
      isOfOther: async (path) => {
        const own = await this.#linkName(path);
        const end = own.slice(own.indexOf("-path-"));
        return this.#list().some((name) => name !== own && name.endsWith(end));
      },
    };
  }

  async #linkName(path: string): Promise<string> {
    return `agency-${this.#agency}-path-${await shortHash(path)}`;
  }

  #read(isWanted: (name: DeliveryName) => boolean): SentDelivery[] {
    return this.#names().filter(isWanted)
      .flatMap((name) => this.#parse(name) ?? [])
      .sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0);
  }

  /**
   * Throws a `ProgramError` for a damaged entry: without its information, bets
   * may be stored twice.
   */
  #parse(name: DeliveryName): SentDelivery | undefined {
    const path = `${this.#path}/${name.name}`;
    try {
      const text = ifThere(() => Deno.readTextFileSync(path));
      return text === undefined ? undefined : parseDelivery(text, name);
    } catch (cause) {
      throw new ProgramError(
        `Cannot tell what was sent before: "${path}" is damaged (${
          reasonOf(cause)
        }), so nothing is sent; restore it. If you remove it, the agency finishes without the unsent rows of its file, and stores the file again if it was changed`,
        { cause },
      );
    }
  }

  #list(): string[] {
    const list = () =>
      [...Deno.readDirSync(this.#path)].map(({ name }) => name);
    return this.#orWarn(list) ?? [];
  }

  /** Without earlier entries that a killed run has left beside the latest. */
  #names(): DeliveryName[] {
    const latest = new Map<string, DeliveryName>();
    for (const name of this.#allNames()) {
      const other = latest.get(name.id);
      if (!other || this.#revisionOf(name) > this.#revisionOf(other)) {
        latest.set(name.id, name);
      }
    }
    return [...latest.values()];
  }

  #revisionOf({ name }: DeliveryName): number {
    const text = ifThere(() => Deno.readTextFileSync(`${this.#path}/${name}`));
    return revisionOf(text ?? "");
  }

  #allNames(): DeliveryName[] {
    return this.#list().flatMap((name) => {
      const [, agency, id = "", content = "", refused, open] =
        NAME_REGEXP.exec(name) ?? [];
      if (agency !== String(this.#agency)) return [];
      const isRefused = refused !== undefined;
      return [{ name, id, content, isRefused, isOpen: open !== undefined }];
    });
  }

  /** Warns about a failure once: bets can be sent without this folder. */
  #orWarn<T>(operation: () => T): T | undefined {
    if (this.#path === "") return undefined;
    try {
      return operation();
    } catch (error) {
      // A missing file is not a failure.
      if (error instanceof Deno.errors.NotFound || this.#isWarned) {
        return undefined;
      }
      this.#isWarned = true;
      getLogger().warn(formatAction("remember_delivery", "fail", {
        folder: this.#path,
        error: reasonOf(error),
        effect:
          "the agency finishes without waiting for other files, and a corrected file counts as a new one: its bets may be stored twice",
        hint:
          "make it writable, or set agency.sentFolder; until then, send corrected rows as a file of their own, and all but the last file with --no-finish",
      }));
      return undefined;
    }
  }
}

/** An entry's parsed file name. */
interface DeliveryName {
  name: string;
  id: string;
  content: string;
  isRefused: boolean;
  isOpen: boolean;
}
