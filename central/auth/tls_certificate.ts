// The central's TLS certificate, which is read again whenever it changes.

import { type IdentityFiles, readIdentity } from "../../net/server_identity.ts";
import type { TlsServer, TlsServerStream } from "../../net/tls_server.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { watchFiles } from "./watched_files.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A warning is logged this long before the certificate expires. */
const WARNING_DAYS = 14;

/** Encrypts connections with a certificate that may be renewed at any time. */
export class TlsCertificate implements Disposable {
  readonly #files: IdentityFiles;
  #server: TlsServer | undefined;
  #notAfterMs = 0;
  #watch: Disposable | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #warnedAtMs = -Infinity;

  private constructor(files: IdentityFiles) {
    this.#files = files;
  }

  /**
   * Reads a certificate and its private key, and watches their files. Renewed
   * files are used once both match; existing connections continue.
   *
   * @throws {ProgramError} If it cannot be used.
   */
  static async open(files: IdentityFiles): Promise<TlsCertificate> {
    const certificate = new TlsCertificate(files);
    const paths = [files.certificate, files.key];
    const load = () => certificate.#load();
    certificate.#watch = await watchFiles(paths, "tls_certificate", load);
    certificate.#timer = setInterval(() => certificate.#checkExpiry(), HOUR_MS);
    return certificate;
  }

  /** When it expires, in milliseconds since 1970. */
  get notAfterMs(): number {
    return this.#notAfterMs;
  }

  /**
   * Starts TLS on a connection from which nothing was read yet.
   *
   * @internal
   */
  encrypt(conn: Deno.TcpConn): TlsServerStream {
    return this.#server!.encrypt(conn);
  }

  /** Stops watching the files. */
  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    // Loaded on demand: most centrals do not use TLS.
    const { TlsServer } = await import("../../net/tls_server.ts");
    const identity = await readIdentity(this.#files);
    this.#server = new TlsServer(identity);
    this.#notAfterMs = identity.notAfterMs;
    this.#warnedAtMs = -Infinity;
    getLogger().info(formatAction("tls_certificate", "success", {
      not_after: new Date(this.#notAfterMs).toISOString(),
    }));
    this.#checkExpiry();
  }

  /** Warns once a day. */
  #checkExpiry(): void {
    const nowMs = Date.now();
    const leftMs = this.#notAfterMs - nowMs;
    if (leftMs > WARNING_DAYS * DAY_MS) return;
    // Timers drift, so a warning due within the hour is logged now.
    if (nowMs - this.#warnedAtMs < DAY_MS - HOUR_MS / 2) return;
    this.#warnedAtMs = nowMs;
    const date = new Date(this.#notAfterMs).toISOString();
    if (leftMs > 0) {
      getLogger().warn(formatAction("tls_certificate", "fail", {
        reason: `it expires on ${date}, in ${Math.floor(leftMs / DAY_MS)} days`,
      }));
    } else {
      getLogger().error(formatAction("tls_certificate", "fail", {
        reason: `it expired on ${date}; agencies refuse it`,
      }));
    }
  }
}
