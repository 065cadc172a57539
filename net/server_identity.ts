// Reads and checks a TLS server's certificate and private key.

import type { KeyObject, X509Certificate } from "node:crypto";
import { CERTIFICATE_REGEXP, checkPem, parsePem, readPem } from "./pem_file.ts";

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

const CONTENT_REGEXPS = {
  "certificate": CERTIFICATE_REGEXP,
  "private key": /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/,
};
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
  const certFile = await readPem(names.certificate, certificate);
  const keyFile = await readPem(names.key, key);
  const { text: certPem } = certFile;
  const { text: keyPem } = keyFile;
  checkPem(certFile, contentProblem(certPem, "certificate"));
  checkPem(keyFile, contentProblem(keyPem, "private key"));
  checkPem(keyFile, encryption(keyPem));
  const chain = certPem.match(CERTIFICATE_REGEXP)!.map((pem) =>
    parsePem(certFile, "it", () => new X509Certificate(pem))
  );
  const privateKey = parsePem(keyFile, "it", () => createPrivateKey(keyPem));
  checkPem(keyFile, weakness(privateKey));
  checkPem(keyFile, mismatch(chain, privateKey, certificate));
  const own = chain[0]!;
  checkPem(certFile, refusalReason(own) ?? lapse(own, nowMs));
  return { cert: certPem, key: keyPem, notAfterMs: Date.parse(own.validTo) };
}

/** Why a file does not have what it should, and only that. */
function contentProblem(
  text: string,
  wanted: keyof typeof CONTENT_REGEXPS,
): string | undefined {
  if (text.startsWith(BYTE_ORDER_MARK)) {
    return "it begins with a byte order mark (BOM); save it without";
  }
  const other = wanted === "certificate" ? "private key" : "certificate";
  const hasOther = text.search(CONTENT_REGEXPS[other]) >= 0;
  if (text.search(CONTENT_REGEXPS[wanted]) >= 0) {
    return hasOther
      ? `it also has a ${other}; keep certificate and key in separate files`
      : undefined;
  }
  return hasOther
    ? `it has a ${other}, not a ${wanted}; are the two files swapped?`
    : `it has no ${wanted} in PEM form`;
}

function encryption(pem: string): string | undefined {
  return ENCRYPTED_REGEXP.test(pem)
    ? "it is encrypted; write it without a passphrase: openssl pkey -in FILE -out NEW_FILE"
    : undefined;
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

/** Why a key is not that of the chain's first certificate. */
function mismatch(
  [own, ...others]: readonly X509Certificate[],
  key: KeyObject,
  certificate: string,
): string | undefined {
  if (own!.checkPrivateKey(key)) return undefined;
  return others.some((other) => other.checkPrivateKey(key))
    ? `the certificates of "${certificate}" are in the wrong order, expected the server's own first`
    : `it is not the key of "${certificate}"`;
}

function isVersion3(der: Uint8Array): boolean {
  // A Certificate is a SEQUENCE whose first element is a SEQUENCE, too. That one's
  // first element is the version: five bytes, the number last.
  const outer = derHeaderBytes(der, 0);
  const at = outer + derHeaderBytes(der, outer);
  return der[at] === VERSION_TAG && der[at + 4] === VERSION_3;
}

/** Size of tag and length, which begins with its own size from 128 bytes on. */
function derHeaderBytes(der: Uint8Array, at: number): number {
  return 2 + (der[at + 1]! & 0x7f);
}
