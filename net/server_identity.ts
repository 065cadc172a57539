// Reads and checks a TLS server's certificate and private key.

import type { KeyObject, X509Certificate } from "node:crypto";
import { messageOf } from "../program/errors.ts";
import { CERTIFICATE_REGEXP, readPem, unusable } from "./tls.ts";

export interface Identity {
  /** The chain as PEM, the server's own certificate first. */
  cert: string;
  key: string;
  notAfterMs: number;
}

export interface IdentityFiles {
  certificate: string;
  key: string;
  /** What messages call the files. Default: "certificate" and "private key". */
  names?: { certificate: string; key: string };
}

const DEFAULT_NAMES = { certificate: "certificate", key: "private key" };

const KEY_REGEXP = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;
const ENCRYPTED_REGEXP = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/;
const BYTE_ORDER_MARK = "\ufeff";
const MIN_RSA_BITS = 2048;
/** The curves that TLS can use (RFC 8446, 4.2.3), by their OpenSSL names. */
const CURVES: readonly unknown[] = ["prime256v1", "secp384r1", "secp521r1"];
const KEYS =
  "expected RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519";
/** DER tag of the version, which a version 1 certificate leaves out. */
const VERSION_TAG = 0xa0;
const VERSION_3 = 2;

/**
 * Throws a `ProgramError` if a file cannot be read or parsed, the certificate
 * is not valid now or agencies would refuse it, or the key does not belong to
 * it.
 */
export async function readIdentity(
  { certificate, key, names = DEFAULT_NAMES }: IdentityFiles,
  nowMs: number = Date.now(),
): Promise<Identity> {
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  const cert = await readPem(names.certificate, certificate);
  const keyPem = await readPem(names.key, key);
  const chainProblem = pemProblem(cert) ?? certificateProblem(cert);
  if (chainProblem) {
    throw unusable(names.certificate, certificate, chainProblem);
  }
  const keyProblem = pemProblem(keyPem) ?? privateKeyProblem(keyPem);
  if (keyProblem) throw unusable(names.key, key, keyProblem);
  const chain = parse(
    names.certificate,
    certificate,
    () =>
      cert.match(CERTIFICATE_REGEXP)!.map((pem) => new X509Certificate(pem)),
  );
  const privateKey = parse(names.key, key, () => createPrivateKey(keyPem));
  const weakKey = weakness(privateKey);
  if (weakKey) throw unusable(names.key, key, weakKey);
  const own = chain[0]!;
  if (!own.checkPrivateKey(privateKey)) {
    throw unusable(
      names.key,
      key,
      mismatch(chain, privateKey, certificate),
    );
  }
  const problem = refusalReason(own) ?? lapse(own, nowMs);
  if (problem) throw unusable(names.certificate, certificate, problem);
  return { cert, key: keyPem, notAfterMs: Date.parse(own.validTo) };
}

function pemProblem(text: string): string | undefined {
  if (!text.startsWith(BYTE_ORDER_MARK)) return undefined;
  return "it begins with a byte order mark (BOM); save it without";
}

function certificateProblem(pem: string): string | undefined {
  const hasKey = KEY_REGEXP.test(pem);
  if (pem.match(CERTIFICATE_REGEXP)) {
    return hasKey
      ? "it also has a private key; keep certificate and key in separate files"
      : undefined;
  }
  return hasKey
    ? "it has a private key, not a certificate; are the two files swapped?"
    : "it has no certificate in PEM form";
}

function privateKeyProblem(pem: string): string | undefined {
  const hasCertificate = pem.match(CERTIFICATE_REGEXP) !== null;
  if (!KEY_REGEXP.test(pem)) {
    return hasCertificate
      ? "it has a certificate, not a private key; are the two files swapped?"
      : "it has no private key in PEM form";
  }
  if (hasCertificate) {
    return "it also has a certificate; keep certificate and key in separate files";
  }
  if (ENCRYPTED_REGEXP.test(pem)) {
    return "it is encrypted; write it without a passphrase: openssl pkey -in FILE -out NEW_FILE";
  }
  return undefined;
}

/** Why TLS cannot use a key. */
function weakness(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails = {} } = key;
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  switch (type) {
    case "rsa":
      if (modulusLength >= MIN_RSA_BITS) return undefined;
      return `it is an RSA key of ${modulusLength} bits, ${KEYS}`;
    case "ec":
      if (CURVES.includes(namedCurve)) return undefined;
      return `no TLS handshake can use its curve ${namedCurve}, ${KEYS}`;
    case "ed25519":
      return undefined;
    default:
      return `no TLS handshake can use a key of type ${type}, ${KEYS}`;
  }
}

/** Why an agency would refuse a certificate. */
function refusalReason(certificate: X509Certificate): string | undefined {
  if (!isVersion3(certificate.raw)) {
    return "it is an X.509 certificate of version 1, expected version 3 (with a subjectAltName)";
  }
  return certificate.ca
    ? "it is an authority's certificate (CA:TRUE), not a server's; have it sign another one, or make it with basicConstraints=CA:FALSE"
    : undefined;
}

function lapse(
  { validFrom, validTo }: X509Certificate,
  nowMs: number,
): string | undefined {
  if (nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo)) {
    return undefined;
  }
  return `it is valid from ${validFrom} to ${validTo} only`;
}

function mismatch(
  [, ...others]: readonly X509Certificate[],
  key: KeyObject,
  certificate: string,
): string {
  return others.some((other) => other.checkPrivateKey(key))
    ? `the certificates of "${certificate}" are in the wrong order, expected the server's own first`
    : `it is not the key of "${certificate}"`;
}

function isVersion3(der: Uint8Array): boolean {
  // A Certificate is a SEQUENCE that begins with another one, which begins with
  // the version: five bytes, the number last. Both sequences are long.
  const outer = derHeaderBytes(der, 0);
  const at = outer + derHeaderBytes(der, outer);
  return der[at] === VERSION_TAG && der[at + 4] === VERSION_3;
}

/** Size of tag and length, which begins with its own size from 128 bytes on. */
function derHeaderBytes(der: Uint8Array, at: number): number {
  return 2 + (der[at + 1]! & 0x7f);
}

function parse<T>(what: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw unusable(what, path, `it cannot be decoded: ${messageOf(error)}`);
  }
}
