// Entries of what the agency has sent: one small file per delivery, by which a
// corrected file is recognized as the same delivery, and one per path, which
// names the delivery that was last sent from it.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { shortHash } from "../hashes.ts";
import { createPrivateFolder, replaceFile } from "../output/output_file.ts";
import type { KnownCopies } from "../output/rejected_file.ts";
import { EntryFiles, type EntryName } from "./entry_files.ts";
import { otherStarted } from "./run_start.ts";
import {
  isCutOff,
  isOpen,
  type OpenDelivery,
  type SentDelivery,
} from "./sent_delivery.ts";

/** Entries are read and changed under a lock: several runs may go on at once. */
export class SentFolder {
  readonly #path: string;
  readonly #agency: number;
  readonly #files: EntryFiles;
  #isWarned = false;

  /** If the path is "", nothing is remembered. */
  constructor(path: string, agency: number) {
    this.#path = path;
    this.#agency = agency;
    this.#files = new EntryFiles(path, agency);
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
    return this.#read((name) => name.isRefused || name.isOpen);
  }

  /**
   * Other deliveries that still have something to send, latest first, and files
   * that other runs are reading.
   */
  otherOpen(own: Pick<SentDelivery, "id" | "path">): OpenDelivery[] {
    // Marks first: a run writes its entry before it removes its mark.
    const started = otherStarted(this.#path, this.#agency, own.path);
    const ids = this.ids();
    const isOther = (name: EntryName) => name.isOpen && name.id !== own.id;
    const found = this.#read(isOther).filter((one) => isOpen(one, ids));
    const open = found.map((one): OpenDelivery => ({
      path: one.path,
      state: isCutOff(one) ? "cut off" : "incomplete",
      since: one.begunAt ?? one.at,
      copy: Object.keys(one.copies).at(-1),
      giveUp: () =>
        this.change(
          one,
          (last) => ({ ...last, begunAt: undefined, isGivenUp: true }),
        ),
    }));
    return [
      ...open,
      ...started.filter(({ path }) => open.every((one) => one.path !== path)),
    ];
  }

  /** Deliveries with rows that were ever refused, latest first. */
  everRefused(): SentDelivery[] {
    return this.#read(({ isRefused }) => isRefused);
  }

  withId(id: string): SentDelivery | undefined {
    return this.#read((one) => one.id === id)[0];
  }

  /** The identities of all deliveries. */
  ids(): Set<string> {
    return this.#orWarn(() => this.#files.ids()) ?? new Set();
  }

  /**
   * The identity of the delivery that was last sent from a path, or that had its
   * refused rows copied to it.
   */
  async idOf(path: string): Promise<string | undefined> {
    const name = await this.#linkName(path);
    const id = this.#orWarn(() =>
      Deno.readTextFileSync(`${this.#path}/${name}`)
    );
    if (id === undefined || this.withId(id)) return id;
    // The run was killed before it wrote the entry, or a power failure has
    // damaged the link, which is not flushed.
    return this.#read(() => true).find((one) => one.path === path)?.id;
  }

  /**
   * Changes a delivery's entry as it is now, or the given one if there is none:
   * other runs may have changed it since this run read it. If it cannot be
   * written, it throws a `ProgramError` if the entry is needed, because rows would
   * be stored twice without it; otherwise it warns.
   */
  change(
    entry: SentDelivery,
    next: (last: SentDelivery) => SentDelivery,
    { isNeeded = false } = {},
  ): SentDelivery {
    if (this.#path === "") return next(entry);
    this.#create();
    return this.#files.exclusively(() => {
      const changed = next(this.withId(entry.id) ?? entry);
      this.#orWarn(() => this.#write(changed, isNeeded));
      return changed;
    });
  }

  #write(entry: SentDelivery, isNeeded: boolean): void {
    try {
      this.#files.write(entry);
    } catch (cause) {
      if (!isNeeded) throw cause;
      throw new ProgramError(
        `Cannot send rows that were refused before: "${this.#path}" cannot be written (${
          reasonOf(cause)
        }), so they could be stored twice; make it writable`,
        { cause },
      );
    }
  }

  #create(): void {
    this.#orWarn(() => createPrivateFolder(this.#path));
  }

  /** Records which delivery was sent from a path or copied to it. */
  async link(path: string, id: string): Promise<void> {
    const name = await this.#linkName(path);
    this.#create();
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
        const files = () => [...Deno.readDirSync(this.#path)];
        return this.#orWarn(files)?.some(({ name }) =>
          name !== own && name.endsWith(end)
        ) ?? false;
      },
    };
  }

  async #linkName(path: string): Promise<string> {
    return `agency-${this.#agency}-path-${await shortHash(path)}`;
  }

  #read(isWanted: (name: EntryName) => boolean): SentDelivery[] {
    return this.#orWarn(() => this.#files.read(isWanted)) ?? [];
  }

  /** Warns about a failure once: bets can be sent without this folder. */
  #orWarn<T>(operation: () => T): T | undefined {
    if (this.#path === "") return undefined;
    try {
      return operation();
    } catch (error) {
      if (error instanceof ProgramError) throw error;
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
