/**
 * An attacker between a central and its database: relays the authentication
 * between two TLS connections of its own.
 *
 * @module
 */

import type { ByteStream } from "../../../net/byte_channel.ts";
import { startTls } from "../../../net/tls.ts";
import { TlsServer } from "../../../net/tls_server.ts";
import { PEM } from "../../support/certificates.ts";

/** Asks for TLS, in the database's protocol; the answer is one byte. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const YES = new TextEncoder().encode("S");

/** Listens until it is disposed of. */
export class TlsInterceptor implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #server: TlsServer;
  readonly #port: number;

  private constructor(server: TlsServer, port: number) {
    this.#server = server;
    this.#port = port;
    void this.#accept();
  }

  /** Intercepts connections to a database's port, with another certificate. */
  static async start(port: number): Promise<TlsInterceptor> {
    const [cert, key] = await Promise.all(
      [PEM.otherName, PEM.serverKey].map((path) => Deno.readTextFile(path)),
    );
    const server = new TlsServer({ cert: cert!, key: key!, notAfterMs: 0 });
    return new TlsInterceptor(server, port);
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#relay(conn).catch(() => {
        // The central or the database has closed its connection.
      });
    }
  }

  async #relay(conn: Deno.TcpConn): Promise<void> {
    await conn.read(new Uint8Array(SSL_REQUEST.length));
    await conn.write(YES);
    const central = this.#server.encrypt(conn);
    await central.handshake();
    const tcp = await Deno.connect({ port: this.#port });
    await tcp.write(SSL_REQUEST);
    await tcp.read(new Uint8Array(YES.length));
    const database = await startTls(tcp, {
      hostname: "localhost",
      authorities: [await Deno.readTextFile(PEM.ca)],
      timeoutMs: 10_000,
    });
    try {
      await Promise.race([copy(central, database), copy(database, central)]);
    } finally {
      central.close();
      database.close();
    }
  }
}

async function copy(from: ByteStream, to: ByteStream): Promise<void> {
  const buffer = new Uint8Array(1 << 14);
  for (let size; (size = await from.read(buffer)) !== null;) {
    for (let at = 0; at < size;) {
      at += await to.write(buffer.subarray(at, size));
    }
  }
}
