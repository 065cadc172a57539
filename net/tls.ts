// TLS: trusted authorities, explanations of failures, and the client's side.

import { messageOf } from "../program/errors.ts";
import type { ByteStream } from "./byte_channel.ts";
import { CERTIFICATE_REGEXP, checkPem, parsePem, readPem } from "./pem_file.ts";

/** Where systems keep their bundles of trusted authorities. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

const EXPLANATIONS: readonly [RegExp, string][] = [
  [/InvalidContentType|corrupt message/, "the other side does not speak TLS"],
  [/UnknownIssuer/, "no trusted authority has signed its certificate"],
  [/UnknownCA/, "it does not know the authority of this certificate"],
  [/Expired/i, "its certificate has expired"],
  [/NotValidYet/, "its certificate is not valid yet"],
  [/CaUsedAsEndEntity/, "its certificate is an authority's, not a server's"],
  [/UnsupportedCertVersion/, "its certificate is not of X.509 version 3"],
  [/NotValidForName|not valid for name/, "its certificate has another name"],
];

/**
 * Reads the authorities that an agency trusts, as PEM, from a PEM file or, for
 * `system`, from the system's bundle. Returns none if there is no bundle: Deno
 * then trusts Mozilla's list. `name` is what messages call the file. Throws a
 * `ProgramError` if the file cannot be read or has no certificate.
 */
export async function readAuthorities(
  ca: string,
  name = "authorities",
): Promise<string[]> {
  if (ca === "system") return await readSystemBundle();
  const { X509Certificate } = await import("node:crypto");
  const file = await readPem(name, ca);
  const found = file.text.match(CERTIFICATE_REGEXP) ?? [];
  if (found.length === 0) checkPem(file, "there is no certificate in it");
  for (const pem of found) {
    parsePem(file, "a certificate", () => new X509Certificate(pem));
  }
  return found;
}

/** Explains in plain words why TLS failed, followed by Deno's own message. */
export function explainTls(error: unknown): string {
  const message = messageOf(error);
  const words = EXPLANATIONS.find(([pattern]) => pattern.test(message))?.[1];
  return words === undefined ? message : `${words} (${message})`;
}

export interface TlsClientOptions {
  hostname: string;
  authorities: readonly string[];
  timeoutMs: number;
}

/**
 * Runs the client's TLS handshake on a connection. Closes it and throws
 * `ConnectionAborted` with the reason if that fails.
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
    if (isLate) throw new Deno.errors.TimedOut("the timer has closed it");
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

/**
 * An agency's encrypted stream. A TLS failure ends it like a lost connection.
 */
export class TlsStream implements ByteStream {
  readonly #conn: Deno.TlsConn;

  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
  }

  read(into: Uint8Array): Promise<number | null> {
    return explained(this.#conn.read(into));
  }

  write(bytes: Uint8Array): Promise<number> {
    return explained(this.#conn.write(bytes));
  }

  closeWrite(): Promise<void> {
    return explained(this.#conn.closeWrite());
  }

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
