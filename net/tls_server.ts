// The server's side of TLS, on an accepted connection. Loaded only where TLS is
// configured.
//
// `Deno.listenTls` is not used: a peer that stalls in the handshake keeps its
// socket open forever, even after a close, and TCP_NODELAY cannot be set.
// Node's TLS socket, which Deno includes, has neither problem.

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ByteStream } from "./byte_channel.ts";
import { isTlsRecord } from "./connection.ts";
import { isDisconnection } from "./disconnection.ts";
import type { Identity } from "./server_identity.ts";
import { explainTls } from "./tls.ts";

const READ_BYTES = 1 << 14;
/** A TLS 1.2 record: alert, fatal, unexpected_message (RFC 5246, 7.2). */
const UNEXPECTED_MESSAGE_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10);

export class TlsServer {
  readonly #context: SecureContext;

  constructor({ cert, key }: Identity) {
    this.#context = createSecureContext({ cert, key });
  }

  /** Starts TLS on a connection from which nothing was read yet. */
  encrypt(conn: Deno.TcpConn): TlsServerStream {
    const raw = new RawStream(conn);
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context,
    });
    return new TlsServerStream(socket, raw);
  }
}

/** An encrypted stream. A TLS failure ends it like a lost connection. */
export class TlsServerStream implements ByteStream {
  readonly #socket: TLSSocket;
  readonly #secure = Promise.withResolvers<void>();
  #rest: Uint8Array = new Uint8Array(0);
  #failure: Error | undefined;
  #wake = (): void => {};

  /** The socket does not report failures of the raw stream under it. */
  constructor(socket: TLSSocket, raw: RawStream) {
    this.#socket = socket;
    raw.on("error", (error) => this.#fail(disconnectionOf(error)));
    // A caller that does not wait for the handshake gets its failure from
    // read().
    this.#secure.promise.catch(() => {});
    socket.on("secure", () => {
      raw.isSecure = true;
      this.#secure.resolve();
    });
    socket.on("readable", () => this.#wake());
    socket.on("end", () => this.#wake());
    socket.on("error", (error) => this.#fail(disconnectionOf(error)));
    socket.on("close", () => {
      this.#fail(new Deno.errors.Interrupted("the connection was closed"));
    });
  }

  /** Throws `ConnectionAborted` with the reason if the handshake fails. */
  async handshake(): Promise<void> {
    await this.#secure.promise;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#rest.length === 0) {
        this.#rest = this.#socket.read() ?? this.#rest;
      }
      const { length } = this.#rest;
      if (length > 0) {
        const size = Math.min(length, into.length);
        into.set(this.#rest.subarray(0, size));
        this.#rest = this.#rest.subarray(size);
        return size;
      }
      if (this.#socket.readableEnded) return null;
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#failure) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(bytes, (error) => {
      if (error) reject(disconnectionOf(error));
      else resolve();
    });
    await promise;
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.end(resolve);
    await promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#secure.reject(this.#failure);
    this.#wake();
  }
}

/**
 * A connection's encrypted bytes, as the stream that Node's TLS socket needs.
 */
class RawStream extends Duplex {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #hasBegun = false;
  isSecure = false;

  constructor(conn: Deno.TcpConn) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
  }

  override async _read(): Promise<void> {
    try {
      const size = await this.#conn.read(this.#buffer);
      if (size === null && !this.isSecure) throw closedEarly();
      if (!this.#hasBegun) await this.#begin();
      // A copy, because the buffer is reused for the next read.
      this.push(
        size === null ? null : Buffer.from(this.#buffer.slice(0, size)),
      );
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /**
   * Answers a peer that does not speak TLS with a TLS alert (RFC 5246, 7.2).
   */
  async #begin(): Promise<void> {
    this.#hasBegun = true;
    if (isTlsRecord(this.#buffer, 0)) return;
    await this.#conn.write(UNEXPECTED_MESSAGE_ALERT);
    throw new Error("the other side does not speak TLS");
  }

  override async _write(
    bytes: Uint8Array,
    _encoding: string,
    callback: (error?: Error) => void,
  ): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#conn.write(bytes.subarray(at));
      }
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  override _destroy(
    error: Error | null,
    callback: (error: Error | null) => void,
  ): void {
    this.#conn.close();
    callback(error);
  }
}

/** Node's socket would wait for the rest of the handshake forever. */
function closedEarly(): Error {
  return new Deno.errors.UnexpectedEof(
    "the peer closed before the end of the handshake",
  );
}

/** Every failure of an encrypted stream comes from its peer or its network. */
function disconnectionOf(error: Error): Error {
  if (isDisconnection(error)) return error;
  return new Deno.errors.ConnectionAborted(
    `Cannot speak TLS: ${explainTls(error)}`,
    { cause: error },
  );
}
