/**
 * TLS: the files that it needs, what its failures mean, and the client's side.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import type { ByteStream } from "./byte_channel.ts";

/** A server's certificate chain and private key, as PEM. */
export interface Identity {
  /** The chain, the server's own certificate first. */
  cert: string;
  /** The private key. */
  key: string;
}

/** Paths of an {@linkcode Identity}. */
export interface IdentityFiles {
  /** PEM file of the chain. */
  certificate: string;
  /** PEM file of the private key. */
  key: string;
}

/** Bundles of trusted authorities, where systems keep them. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];
const CERTIFICATE_REGEXP =
  /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;
/** Content types of TLS records: an alert, or a part of the handshake. */
const TLS_TYPES: readonly number[] = [0x15, 0x16];
const TLS_MAJOR_VERSION = 3;

/** What people call the failures that rustls names in its own words. */
const EXPLANATIONS: readonly [RegExp, string][] = [
  [/InvalidContentType|corrupt message/, "the other side does not speak TLS"],
  [/UnknownIssuer/, "no authority of tls.ca has signed its certificate"],
  [/UnknownCA/, "it does not know the authority of this certificate"],
  [/Expired/i, "its certificate has expired"],
  [/NotValidForName|not valid for name/, "its certificate has another name"],
];

/**
 * Reads and checks the certificate of a server.
 *
 * @param files Where they are.
 * @returns The certificate and its key.
 * @throws {ProgramError} If a file cannot be read or is not what it should be,
 * the certificate is not valid today, or the key is of another one.
 */
export async function readIdentity(files: IdentityFiles): Promise<Identity> {
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  const cert = await readPem("tls.certificate", files.certificate);
  const key = await readPem("tls.key", files.key);
  const own = parsePem(
    "tls.certificate",
    files.certificate,
    () => new X509Certificate(cert),
  );
  const privateKey = parsePem(
    "tls.key",
    files.key,
    () => createPrivateKey(key),
  );
  const now = Date.now();
  if (now > Date.parse(own.validTo) || now < Date.parse(own.validFrom)) {
    throw unusable(
      "tls.certificate",
      files.certificate,
      `it is valid from ${own.validFrom} to ${own.validTo} only`,
    );
  }
  if (!own.checkPrivateKey(privateKey)) {
    throw unusable(
      "tls.key",
      files.key,
      `it is not the key of "${files.certificate}"`,
    );
  }
  return { cert, key };
}

/**
 * Reads the authorities that an agency trusts.
 *
 * @param ca A PEM file, or `system` for those of the system.
 * @returns The certificates, as PEM. Without a bundle of the system none: Deno
 * then trusts those that Mozilla trusts.
 * @throws {ProgramError} If the file cannot be read or has no certificate.
 */
export async function readAuthorities(ca: string): Promise<string[]> {
  if (ca === "system") return await readSystemBundle();
  const { X509Certificate } = await import("node:crypto");
  const found = (await readPem("tls.ca", ca)).match(CERTIFICATE_REGEXP) ?? [];
  if (found.length === 0) {
    throw unusable("tls.ca", ca, "there is no certificate in it");
  }
  for (const pem of found) {
    parsePem("tls.ca", ca, () => new X509Certificate(pem));
  }
  return found;
}

/**
 * True for the start of a TLS record.
 *
 * @param bytes The bytes.
 * @param at Offset of the first one to look at.
 * @returns Whether they are of TLS; no frame begins like this.
 */
export function isTlsRecord(bytes: Uint8Array, at: number): boolean {
  return TLS_TYPES.includes(bytes[at]!) && bytes[at + 1] === TLS_MAJOR_VERSION;
}

/**
 * Says in plain words why TLS failed.
 *
 * @param error What Deno has thrown.
 * @returns The reason, followed by Deno's own message.
 */
export function explainTls(error: unknown): string {
  const message = messageOf(error);
  const words = EXPLANATIONS.find(([pattern]) => pattern.test(message))?.[1];
  return words === undefined ? message : `${words} (${message})`;
}

/** Options of {@linkcode startTls}. */
export interface TlsClientOptions {
  /** Name that the server's certificate must have. */
  hostname: string;
  /** The authorities that are trusted, as PEM. */
  authorities: readonly string[];
  /** Longest time for the handshake, in milliseconds. */
  timeoutMs: number;
}

/**
 * Puts TLS on a connection to a server, and runs the handshake.
 *
 * @param tcp The connection, which is closed if this fails.
 * @param options Whom to trust, and how long to wait.
 * @returns The encrypted stream.
 * @throws {Deno.errors.ConnectionAborted} If it fails, with the reason.
 */
export async function startTls(
  tcp: Deno.TcpConn,
  { hostname, authorities, timeoutMs }: TlsClientOptions,
): Promise<TlsStream> {
  let isLate = false;
  let conn: Deno.Conn = tcp;
  const timer = setTimeout(() => {
    isLate = true;
    conn.close();
  }, timeoutMs);
  try {
    const caCerts = [...authorities];
    const tls = await Deno.startTls(tcp, { hostname, caCerts });
    conn = tls;
    await tls.handshake();
    return new TlsStream(tls);
  } catch (cause) {
    if (!isLate) conn.close();
    const reason = isLate ? "it took too long" : explainTls(cause);
    throw new Deno.errors.ConnectionAborted(`Cannot speak TLS: ${reason}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** An agency's encrypted stream. A failure of TLS ends it like a lost connection. */
export class TlsStream implements ByteStream {
  readonly #conn: Deno.TlsConn;

  /**
   * Takes over a connection.
   *
   * @param conn The connection, after its handshake.
   */
  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
  }

  /** Reads some bytes, as {@linkcode ByteStream}. */
  read(into: Uint8Array): Promise<number | null> {
    return explained(this.#conn.read(into));
  }

  /** Writes some bytes, as {@linkcode ByteStream}. */
  write(bytes: Uint8Array): Promise<number> {
    return explained(this.#conn.write(bytes));
  }

  /** Closes the sending side. */
  closeWrite(): Promise<void> {
    return explained(this.#conn.closeWrite());
  }

  /** Closes both sides. */
  close(): void {
    this.#conn.close();
  }
}

async function explained<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new Deno.errors.ConnectionAborted(
      `Cannot speak TLS: ${explainTls(error)}`,
      { cause: error },
    );
  }
}

async function readSystemBundle(): Promise<string[]> {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return [await Deno.readTextFile(path)];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return [];
}

async function readPem(key: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw unusable(key, path, messageOf(error));
  }
}

function parsePem<T>(key: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unusable(key, path, `it is no PEM of that kind: ${messageOf(error)}`);
  }
}

function unusable(key: string, path: string, reason: string): ProgramError {
  return new ProgramError(`Cannot use ${key} "${path}": ${reason}`);
}
