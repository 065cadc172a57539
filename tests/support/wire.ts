// An agency of the tests' own over `Deno.connect`, which knows nothing but
// docs/protocol.md.

import { within } from "./deadline.ts";
import { assertEquals } from "@std/assert";
import {
  concat,
  HEADER_BYTES,
  readError,
  type Refusal,
  type Reply,
  Type,
} from "./frames.ts";

const DISCONNECTIONS = [
  ...["ConnectionRefused", "ConnectionReset", "ConnectionAborted"],
  ...["BrokenPipe", "NotConnected", "UnexpectedEof"],
  // A TLS alert: agencies connect again, as after every other error.
  "InvalidData",
  // It was closed on this side.
  ...["Interrupted", "BadResource"],
];

/** One side of a connection. */
export class Wire {
  readonly #stream: Deno.TcpConn | Deno.TlsConn;
  #isClosed = false;

  constructor(stream: Deno.TcpConn | Deno.TlsConn) {
    this.#stream = stream;
    if ("setNoDelay" in stream) stream.setNoDelay(true);
  }

  /** Connects. */
  static async connect(port: number): Promise<Wire> {
    return new Wire(
      await within(
        Deno.connect({ hostname: "127.0.0.1", port }),
        () => `port ${port} accepts no connection`,
      ),
    );
  }

  /** Connects with TLS. */
  static async connectTls(port: number, ca: string): Promise<Wire> {
    const options = { hostname: "localhost", port, caCerts: [ca] };
    return new Wire(
      await within(
        Deno.connectTls(options),
        () => `port ${port} accepts no connection`,
      ),
    );
  }

  /** Sends bytes, frames or not. */
  async send(...bytes: readonly Uint8Array[]): Promise<void> {
    const all = concat(bytes);
    for (let at = 0; at < all.length;) {
      at += await within(
        this.#stream.write(all.subarray(at)),
        () => `the peer has read ${at} of ${all.length} bytes`,
      );
    }
  }

  /** Waits for a frame from the other side. */
  async reply(): Promise<Reply | null> {
    const header = await this.#read(HEADER_BYTES);
    if (!header) return null;
    const length = new DataView(header.buffer).getUint32(1);
    const payload = await this.#read(length);
    if (payload) return { type: header[0]!, payload };
    throw new Deno.errors.UnexpectedEof("Cannot read reply: no payload");
  }

  /** Sends a frame and waits for the reply. */
  async ask(bytes: Uint8Array): Promise<Reply | null> {
    await this.send(bytes);
    return await this.reply();
  }

  /** Sends frames, and asserts that the next reply is OK. */
  async ok(...bytes: readonly Uint8Array[]): Promise<void> {
    if (bytes.length > 0) await this.send(...bytes);
    const reply = await this.reply();
    assertEquals(
      reply?.type,
      Type.OK,
      reply?.type === Type.ERROR ? readError(reply).reason : undefined,
    );
  }

  /** Sends frames, and returns what the ERROR says that is the next reply. */
  async refusal(...bytes: readonly Uint8Array[]): Promise<Refusal> {
    if (bytes.length > 0) await this.send(...bytes);
    return readError(await this.reply());
  }

  /** Asserts that the other side closes without another reply. */
  async closed(): Promise<void> {
    assertEquals(await this.reply(), null);
  }

  async closeWrite(): Promise<void> {
    await this.#stream.closeWrite();
  }

  /** Closes at once and rejects pending calls. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const read = await within(
        this.#stream.read(bytes.subarray(at)),
        () => `the peer has sent ${at} of ${length} bytes`,
      );
      if (read === null && at === 0) return null;
      if (read === null) {
        throw new Deno.errors.UnexpectedEof(
          `Cannot read reply: closed after ${at} of ${length} bytes`,
        );
      }
      at += read;
    }
    return bytes;
  }
}

/** Whether an error only means that a connection has ended. */
export function isDisconnection(error: unknown): boolean {
  return error instanceof Error && DISCONNECTIONS.includes(error.name);
}
