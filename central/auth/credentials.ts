// Who may send as which agency (docs/security.md).

import { ProgramError } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import {
  hashToken,
  NOBODY_LINE,
  readCredentials,
  type TokenHashes,
} from "./credentials_file.ts";
import { watchFiles } from "./watched_files.ts";

/** Compared with the token of an unknown agency. */
const NO_HASH = new Uint8Array(32);

/** The agencies' tokens, from a file that is read again whenever it changes. */
export class Credentials implements Disposable {
  readonly #path: string;
  readonly #listeners: ((agencies: ReadonlySet<number>) => void)[] = [];
  /** Loaded on demand: most centrals have no credentials. */
  readonly #crypto = import("node:crypto");
  #hashes: TokenHashes = new Map();
  #watch: Disposable | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Reads a file with a line `agency,sha256` for each agency, and watches it.
   *
   * @throws {ProgramError} If the file cannot be read, is empty, or has a bad
   * line.
   */
  static async open(path: string): Promise<Credentials> {
    const credentials = new Credentials(path);
    const load = () => credentials.#load();
    credentials.#watch = await watchFiles([path], "credentials", load);
    return credentials;
  }

  /**
   * Registers a listener that is called whenever tokens are revoked, with their
   * agencies.
   */
  onRevoked(listener: (agencies: ReadonlySet<number>) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes as long for a wrong token as for the right one. */
  async isValid(agency: number, token: Uint8Array): Promise<boolean> {
    const hash = await hashToken(token);
    const expected = this.#hashes.get(agency);
    const { timingSafeEqual } = await this.#crypto;
    const isSame = timingSafeEqual(hash, expected ?? NO_HASH);
    return isSame && expected !== undefined;
  }

  /** Stops watching the file. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  async #load(): Promise<void> {
    const { hashes, isEmpty } = await readCredentials(this.#path);
    // A file that is being written may still be empty.
    if (isEmpty) {
      throw new ProgramError(
        `Cannot use credentials "${this.#path}": it is empty (the line "${NOBODY_LINE}" alone means that no agency has a token)`,
      );
    }
    const revoked = new Set<number>();
    for (const [agency, hash] of this.#hashes) {
      if (hashes.get(agency)?.toHex() !== hash.toHex()) revoked.add(agency);
    }
    this.#hashes = hashes;
    getLogger().info(
      formatAction("credentials", "success", { agencies: hashes.size }),
    );
    if (revoked.size === 0) return;
    for (const listener of this.#listeners) listener(revoked);
  }
}
