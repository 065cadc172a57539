// What `sslmode` means for a connection.

import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { addressError } from "./database_url.ts";
import type { Address, Host } from "./address.ts";

/** Options of the TLS handshake, or `false` for plain text. */
export type TlsOptions = false | {
  rejectUnauthorized: boolean;
  ca?: string;
  cert?: string;
  key?: string;
  checkServerIdentity(name: string, certificate: PeerCertificate): unknown;
};

/** `pg_hba.conf` has no line for a connection of this kind. */
const NO_ENTRY = "28000";

/** The way to connect to a host, and the one to try if that fails about TLS. */
export async function tlsWays(
  { tls }: Address,
  host: Host,
): Promise<[TlsOptions, TlsOptions?]> {
  // As with libpq, sslmode does not apply to Unix sockets.
  if (host.name.startsWith("/")) {
    if (!tls.requiresBinding) return [false];
    throw addressError("channel_binding=require needs TLS, not a Unix socket");
  }
  if (tls.mode === "disable") return [false];
  const encrypted = await tlsOptions({ tls }, host);
  if (tls.requiresBinding) return [encrypted];
  if (tls.mode === "allow") return [false, encrypted];
  return tls.mode === "prefer" ? [encrypted, false] : [encrypted];
}

/** Whether the next way may succeed after this error. */
export function isAboutTls(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === NO_ENTRY ||
    /\bSSL\b|certificate|handshake/.test(message ?? "");
}

/** Reads the files for each connection: certificates are renewed. */
async function tlsOptions(
  { tls }: Pick<Address, "tls">,
  { name: host }: Host,
): Promise<TlsOptions> {
  const { mode, rootCertificate, certificate, key } = tls;
  // libpq: a configured authority is checked in the weaker modes too.
  const isChecked = mode.startsWith("verify") || rootCertificate !== undefined;
  return {
    rejectUnauthorized: isChecked,
    ...(rootCertificate && { ca: await Deno.readTextFile(rootCertificate) }),
    ...(certificate && { cert: await Deno.readTextFile(certificate) }),
    ...(key && { key: await Deno.readTextFile(key) }),
    checkServerIdentity: (_name, peer) =>
      mode === "verify-full" ? checkServerIdentity(host, peer) : undefined,
  };
}
