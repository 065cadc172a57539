// What the agency has sent: one small file per delivery, so that a corrected
// file is recognized as the same delivery, and one per path, which names the
// delivery last sent from it.
//
// There may be thousands, so what is looked for stands in their names.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { shortHash } from "../hashes.ts";
import { ifThere, replaceFile } from "../output/output_file.ts";
import type { CopyRecords } from "../output/rejected_file.ts";
import { movedTo } from "./moved_rows.ts";
import {
  formatDelivery,
  isOpen,
  type OpenDelivery,
  parseDelivery,
  type SentDelivery,
} from "./sent_delivery.ts";
import { startedBut } from "./start.ts";

/** For the owner only: bets, and who sent which, are personal data. */
const FOLDER_MODE = 0o700;

/**
 * A name has the agency, the identity, the content, whether rows were ever
 * refused, and whether something is still to be sent.
 */
const NAME_REGEXP =
  /^agency-(\d+)-([0-9a-f]{16})-([0-9a-f]{16})(-refused)?(-open)?\.json$/;
const ID_REGEXP = /^[0-9a-f]{16}$/;

export class SentFolder {
  readonly #path: string;
  readonly #agency: number;
  #isWarned = false;

  /** With the path "" nothing is kept. */
  constructor(path: string, agency: number) {
    this.#path = path;
    this.#agency = agency;
  }

  /** Deliveries with this content now or at first; the latest first. */
  withContent(fingerprint: string): SentDelivery[] {
    return this.#read(({ id, content }) =>
      id === fingerprint || content === fingerprint
    );
  }

  /**
   * Deliveries that a file may correct: of which rows were refused, or that were
   * cut off; the latest first.
   */
  correctable(): SentDelivery[] {
    return this.#read(({ isRefused, isOpen }) => isRefused || isOpen);
  }

  /** Other deliveries that are not complete, the latest first. */
  openBut(own: Pick<SentDelivery, "id" | "path">): OpenDelivery[] {
    const open = this.#read(({ id, isOpen }) => isOpen && id !== own.id)
      .filter((one) => !this.#isSpent(one));
    const found = open.map((one): OpenDelivery => ({
      path: one.path,
      isBegun: one.begunAt !== undefined,
      since: one.begunAt ?? one.at,
      copy: Object.keys(one.copies).at(-1),
      giveUp: () =>
        this.update({ ...one, begunAt: undefined, isGivenUp: true }),
    }));
    const started = startedBut(this.#path, this.#agency, own.path)
      .filter(({ path }) => found.every((one) => one.path !== path));
    return [...found, ...started];
  }

  /** Deliveries of which rows were ever refused, the latest first. */
  everRefused(): SentDelivery[] {
    return this.#read(({ isRefused }) => isRefused);
  }

  /** Whether it is a version of a copy of which nothing can be stored as its own. */
  #isSpent({ id, isPart = false, isComplete }: SentDelivery): boolean {
    return isPart && !isComplete && movedTo(id, this.everRefused()).size === 0;
  }

  withId(id: string): SentDelivery | undefined {
    return this.#read((one) => one.id === id)[0];
  }

  /** The identity of what was last sent from a path, or copied to it. */
  async idOf(path: string): Promise<string | undefined> {
    const name = await this.#linkName(path);
    const text = this.#orWarn(() =>
      Deno.readTextFileSync(`${this.#path}/${name}`)
    );
    // Links are not flushed, so a power cut may damage them.
    const isDamaged = text !== undefined && !ID_REGEXP.test(text);
    return isDamaged
      ? this.#read(() => true).find((one) => one.path === path)?.id
      : text;
  }

  update(delivery: SentDelivery): void {
    const { id, content, refused, keys } = delivery;
    const isRefused = refused.size > 0 || Object.keys(keys).length > 0;
    const name = `agency-${this.#agency}-${id}-${content}${
      isRefused ? "-refused" : ""
    }${isOpen(delivery) ? "-open" : ""}.json`;
    this.#orWarn(() => {
      Deno.mkdirSync(this.#path, { recursive: true, mode: FOLDER_MODE });
      // A lost record would store a corrected file twice.
      const text = `${formatDelivery(delivery)}\n`;
      replaceFile(`${this.#path}/${name}`, text, { isFlushed: true });
      for (const old of this.#names()) {
        if (old.id === id && old.name !== name) {
          Deno.removeSync(`${this.#path}/${old.name}`);
        }
      }
    });
  }

  /** Lets a path name the delivery that was sent from it or copied to it. */
  async link(path: string, id: string): Promise<void> {
    const name = await this.#linkName(path);
    this.#orWarn(() => replaceFile(`${this.#path}/${name}`, id));
  }

  /** What is remembered of the copies of a delivery's refused rows. */
  copiesOf(id: string): CopyRecords {
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
   * Throws a `ProgramError` for a damaged record: what it does not say any more
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
        }), so nothing is sent; restore it. If it is removed, the agency finishes without what is left of the file that it is about, and stores that file again if it was changed`,
        { cause },
      );
    }
  }

  #list(): string[] {
    const list = () =>
      [...Deno.readDirSync(this.#path)].map(({ name }) => name);
    return this.#orWarn(list) ?? [];
  }

  #names(): DeliveryName[] {
    return this.#list().flatMap((name) => {
      const [, agency, id = "", content = "", refused, open] =
        NAME_REGEXP.exec(name) ?? [];
      if (agency !== String(this.#agency)) return [];
      const isRefused = refused !== undefined;
      return [{ name, id, content, isRefused, isOpen: open !== undefined }];
    });
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
        effect: "a corrected file is a new one: its bets may be stored twice",
        hint:
          "make it writable, or set agency.sentFolder; until then, send corrected rows as a file of their own",
      }));
      return undefined;
    }
  }
}

/** The content of a delivery's file name. */
interface DeliveryName {
  name: string;
  id: string;
  content: string;
  isRefused: boolean;
  isOpen: boolean;
}
