// A stream of bytes that does what a script says, in place of a socket.

import type { ByteStream } from "../../net/byte_channel.ts";
import { concat } from "./frames.ts";

/** Options of a {@linkcode FakeStream}. */
export interface FakeStreamOptions {
  /** Whether the peer closes after the pieces. */
  ends?: boolean;
  /** Largest number of bytes per write; 0 for a peer that does not read. */
  maxWrite?: number;
}

/** A peer that sends pieces of bytes, at most one per read. */
export class FakeStream implements ByteStream {
  readonly #pieces: Uint8Array[];
  #ends: boolean;
  readonly #maxWrite: number;
  readonly #written: Uint8Array[] = [];
  readonly #closed = Promise.withResolvers<never>();
  #more = Promise.withResolvers<void>();
  #isClosed = false;
  #isWriteClosed = false;

  constructor(
    pieces: readonly Uint8Array[],
    { ends = false, maxWrite = Infinity }: FakeStreamOptions = {},
  ) {
    this.#pieces = [...pieces];
    this.#ends = ends;
    this.#maxWrite = maxWrite;
    // Nobody may be waiting when it is closed.
    this.#closed.promise.catch(() => {});
  }

  /** All bytes written. */
  get written(): Uint8Array<ArrayBuffer> {
    return concat(this.#written);
  }

  get writes(): number {
    return this.#written.length;
  }

  /** Bytes that were not read yet. */
  get unread(): number {
    return concat(this.#pieces).length;
  }

  /** Whether this side has closed it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether this side has ended its writing. */
  get isWriteClosed(): boolean {
    return this.#isWriteClosed;
  }

  /** The peer sends one more piece. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  /** The peer closes after what it has sent. */
  end(): void {
    this.#ends = true;
    this.#more.resolve();
  }

  /** Reads of the next piece what there is room for. */
  async read(into: Uint8Array): Promise<number | null> {
    if (this.#isClosed) throw new Deno.errors.BadResource("closed");
    // A socket would read 0 bytes at once, again and again.
    if (into.length === 0) throw new RangeError("Cannot read: no room");
    while (this.#pieces.length === 0) {
      if (this.#ends) return null;
      await Promise.race([this.#more.promise, this.#closed.promise]);
    }
    const piece = this.#pieces.shift()!;
    const part = piece.subarray(0, into.length);
    into.set(part);
    const rest = piece.subarray(part.length);
    if (rest.length > 0) this.#pieces.unshift(rest);
    return part.length;
  }

  /** Takes some of the bytes. */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) throw new Deno.errors.BadResource("closed");
    if (this.#maxWrite === 0) await this.#closed.promise;
    const taken = bytes.slice(0, this.#maxWrite);
    this.#written.push(taken);
    return taken.length;
  }

  closeWrite(): Promise<void> {
    this.#isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#closed.reject(new Deno.errors.Interrupted("operation canceled"));
  }
}
