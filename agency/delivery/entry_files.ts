// The files of the sent folder's entries: one for each delivery of the agency.
//
// There may be thousands, so their names contain what the agency searches for.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { exclusively, ifThere, replaceFile } from "../output/output_file.ts";
import {
  formatDelivery,
  isOpen,
  parseDelivery,
  revisionOf,
  type SentDelivery,
} from "./sent_delivery.ts";

/** What an entry's file name says. */
export interface EntryName {
  name: string;
  id: string;
  content: string;
  /** Whether rows were ever refused. */
  isRefused: boolean;
  /** Whether the delivery may be open. */
  isOpen: boolean;
}

const NAME_REGEXP =
  /^agency-(\d+)-([0-9a-f]{16})-([0-9a-f]{16})(-refused)?(-open)?\.json$/;

export class EntryFiles {
  readonly #folder: string;
  readonly #agency: number;
  #isLocked = false;

  constructor(folder: string, agency: number) {
    this.#folder = folder;
    this.#agency = agency;
  }

  /** Runs `call` while no other run of the agency reads or changes entries. */
  exclusively<T>(call: () => T): T {
    if (this.#isLocked) return call();
    this.#isLocked = true;
    try {
      return exclusively(`${this.#folder}/agency-${this.#agency}-lock`, call);
    } finally {
      this.#isLocked = false;
    }
  }

  /** Latest first. Throws a `ProgramError` for a damaged entry. */
  read(isWanted: (name: EntryName) => boolean): SentDelivery[] {
    const wanted = () =>
      this.#latest().filter(isWanted).map((name) => this.#parse(name));
    return this.exclusively(wanted)
      .filter((one) => one !== undefined)
      .sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0);
  }

  /** The identities of all deliveries. */
  ids(): Set<string> {
    return new Set(this.#names().map(({ id }) => id));
  }

  write(delivery: SentDelivery): void {
    const { id, content, refused, keys } = delivery;
    const isRefused = refused.size > 0 || Object.keys(keys).length > 0;
    const marks = (isRefused ? "-refused" : "") +
      (isOpen(delivery, this.ids()) ? "-open" : "");
    const name = `agency-${this.#agency}-${id}-${content}${marks}.json`;
    const earlier = this.#names().filter((one) => one.id === id);
    const last = Math.max(0, ...earlier.map((one) => this.#revisionOf(one)));
    // Without its entry, a corrected file would be stored twice.
    const text = `${formatDelivery(delivery, last + 1)}\n`;
    replaceFile(`${this.#folder}/${name}`, text, { isFlushed: true });
    for (const old of earlier) {
      if (old.name !== name) Deno.removeSync(`${this.#folder}/${old.name}`);
    }
  }

  /** All but the earlier entries that a killed run has left beside later ones. */
  #latest(): EntryName[] {
    const latest = new Map<string, EntryName>();
    for (const name of this.#names()) {
      const other = latest.get(name.id);
      if (!other || this.#revisionOf(name) > this.#revisionOf(other)) {
        latest.set(name.id, name);
      }
    }
    return [...latest.values()];
  }

  #names(): EntryName[] {
    const files = ifThere(() => [...Deno.readDirSync(this.#folder)]) ?? [];
    return files.flatMap(({ name }) => {
      const [, agency, id = "", content = "", refused, open] =
        NAME_REGEXP.exec(name) ?? [];
      if (agency !== String(this.#agency)) return [];
      const isRefused = refused !== undefined;
      return [{ name, id, content, isRefused, isOpen: open !== undefined }];
    });
  }

  #revisionOf(name: EntryName): number {
    return revisionOf(this.#textOf(name) ?? "");
  }

  /** Without the information of a damaged entry, bets may be stored twice. */
  #parse(name: EntryName): SentDelivery | undefined {
    try {
      const text = this.#textOf(name);
      return text === undefined ? undefined : parseDelivery(text, name);
    } catch (cause) {
      throw new ProgramError(
        `Cannot tell what was sent before: "${this.#folder}/${name.name}" is damaged (${
          reasonOf(cause)
        }), so nothing is sent; restore it. If you remove it, the agency finishes without the unsent rows of its file, and stores the file again if it was changed`,
        { cause },
      );
    }
  }

  #textOf({ name }: EntryName): string | undefined {
    return ifThere(() => Deno.readTextFileSync(`${this.#folder}/${name}`));
  }
}
