// Certificates for tests, made with OpenSSL and valid for a hundred years.
// Their keys are here for everyone to see, and good for nothing else.

import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("./certificates/", import.meta.url));

/** Paths of the PEM files. */
export const PEM = {
  /** The authority of the tests. */
  ca: `${FOLDER}ca.pem`,
  /** Another authority, which has signed nothing. */
  otherCa: `${FOLDER}otherca.pem`,
  /** Certificate of localhost, 127.0.0.1 and ::1. */
  server: `${FOLDER}server.pem`,
  /** The key of all certificates. */
  serverKey: `${FOLDER}server-key.pem`,
  /** A key that belongs to no certificate. */
  otherKey: `${FOLDER}other-key.pem`,
  /** Certificate of central.example. */
  otherName: `${FOLDER}othername.pem`,
  /** Like `server`, but valid in January 2020 only. */
  expired: `${FOLDER}expired.pem`,
} as const;
