import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readIdentity } from "../../net/server_identity.ts";
import { ProgramError } from "../../program/errors.ts";
import { PEM } from "../support/certificates.ts";
import { testInFolder as test } from "../support/folder.ts";
import { testReading } from "../support/permissions.ts";
import "../support/watchdog.ts";

const REFUSED = new URL("../support/certificates/refused/", import.meta.url)
  .pathname;

/** A certificate and its key, as their texts, and what is wrong with them. */
const CASES: [name: string, cert: string, key: string, problem: RegExp][] = [
  ...([
    ["rsa-1024", /RSA key of 1024 bits, expected RSA of 2048 bits or more/],
    ["secp224r1", /can use its curve secp224r1, expected .*P-256/],
    ["secp256k1", /can use its curve secp256k1, expected .*P-256/],
    ["rsa-pss", /can use a key of type rsa-pss, expected/],
    ["ed448", /can use a key of type ed448, expected/],
  ] as const).map(([name, problem]): [string, string, string, RegExp] => [
    name,
    read(`${REFUSED}${name}.pem`),
    read(`${REFUSED}${name}-key.pem`),
    problem,
  ]),
  [
    "version 1",
    read(`${REFUSED}version-1.pem`),
    read(PEM.serverKey),
    /X\.509 certificate of version 1, expected version 3/,
  ],
  [
    "an authority's own",
    read(`${REFUSED}authority.pem`),
    read(PEM.serverKey),
    /authority's certificate \(CA:TRUE\), not a server's/,
  ],
  [
    "an encrypted key",
    read(PEM.server),
    read(`${REFUSED}encrypted-key.pem`),
    /key.pem": it is encrypted; .*openssl pkey/,
  ],
  [
    "a key encrypted in the old form",
    read(PEM.server),
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
    /key.pem": it is encrypted/,
  ],
  [
    "swapped files",
    read(PEM.serverKey),
    read(PEM.server),
    /cert.pem": it has a private key, not a certificate; .*swapped/,
  ],
  [
    "a certificate for a key",
    read(PEM.server),
    read(PEM.server),
    /key.pem": it has a certificate, not a private key; .*swapped/,
  ],
  [
    "both in one file",
    read(PEM.server) + read(PEM.serverKey),
    read(PEM.server) + read(PEM.serverKey),
    /cert.pem": it also has a private key; .*separate files/,
  ],
  [
    "a certificate beside the key",
    read(PEM.server),
    read(PEM.serverKey) + read(PEM.server),
    /key.pem": it also has a certificate; .*separate files/,
  ],
  [
    "the key of another one",
    read(PEM.otherName).replace(/\n*$/, "\n") + read(PEM.server),
    read(PEM.otherKey),
    /key.pem": it is not the key of/,
  ],
  [
    "a chain in the wrong order",
    read(`${REFUSED}rsa-pss.pem`) + read(PEM.server),
    read(PEM.serverKey),
    /certificates of ".*cert.pem" are in the wrong order/,
  ],
  [
    "a byte order mark",
    `\ufeff${read(PEM.server)}`,
    read(PEM.serverKey),
    /cert.pem": it begins with a byte order mark/,
  ],
  [
    "a byte order mark in the key",
    read(PEM.server),
    `\ufeff${read(PEM.serverKey)}`,
    /key.pem": it begins with a byte order mark/,
  ],
  [
    "an expired one",
    read(PEM.expired),
    read(PEM.serverKey),
    /cert.pem": it is valid from .* 2020 .* only/,
  ],
  ["no certificate", "text", read(PEM.serverKey), /no certificate in PEM form/],
  ["no key", read(PEM.server), "", /no private key in PEM form/],
  [
    "bytes that are no certificate",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    read(PEM.serverKey),
    /cert.pem": it cannot be decoded: (?!undefined)./,
  ],
];

/** Keys that TLS can use, RSA as short as it may be. */
const KEY_PAIRS = {
  "RSA of 2048 bits": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "P-256": () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  "P-384": () => generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
  "P-521": () => generateKeyPairSync("ec", { namedCurve: "secp521r1" }),
  "Ed25519": () => generateKeyPairSync("ed25519"),
};

/** Without the permission the tests are ignored, but must be listed. */
function read(path: string): string {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted" ? Deno.readTextFileSync(path) : "";
}

for (const [name, cert, key, problem] of CASES) {
  test(`readIdentity() refuses ${name}`, async (dir) => {
    const files = { certificate: `${dir}/cert.pem`, key: `${dir}/key.pem` };
    await Deno.writeTextFile(files.certificate, cert);
    await Deno.writeTextFile(files.key, key);
    const error = await assertRejects(() => readIdentity(files), ProgramError);
    assertMatch(
      error.message,
      /^Cannot use (certificate ".*\/cert|private key ".*\/key).pem": /,
    );
    assertMatch(error.message, problem);
    assertEquals(error.message.split("\n").length, 1);
  });
}

test("readIdentity() refuses no kind of key that TLS can use", async (dir) => {
  const files = { certificate: PEM.server, key: `${dir}/key.pem` };
  for (const [name, make] of Object.entries(KEY_PAIRS)) {
    const key = make().privateKey.export({ type: "pkcs8", format: "pem" });
    await Deno.writeTextFile(files.key, key.toString());
    // The next check is whether it belongs to the certificate.
    await assertRejects(
      () => readIdentity(files),
      ProgramError,
      "it is not the key of",
      name,
    );
  }
});

testReading(
  "readIdentity() refuses a certificate before and after its time",
  async () => {
    const names = { certificate: "tls.certificate", key: "tls.key" };
    const files = { certificate: PEM.server, key: PEM.serverKey, names };
    const { notAfterMs, ...pem } = await readIdentity(files);
    assertEquals(pem, { cert: read(PEM.server), key: read(PEM.serverKey) });
    const { validFrom, validTo } = new X509Certificate(pem.cert);
    assertEquals(notAfterMs, Date.parse(validTo));
    for (const nowMs of [Date.parse(validFrom), notAfterMs]) {
      await readIdentity(files, nowMs);
    }
    for (const nowMs of [Date.parse(validFrom) - 1, notAfterMs + 1]) {
      await assertRejects(
        () => readIdentity(files, nowMs),
        ProgramError,
        `Cannot use tls.certificate "${PEM.server}": it is valid from ${validFrom} to ${validTo} only`,
      );
    }
    await assertRejects(
      () => readIdentity({ ...files, key: PEM.otherKey }),
      ProgramError,
      `Cannot use tls.key "${PEM.otherKey}": it is not the key of`,
    );
  },
);

test("readIdentity() takes a chain, the server's first", async (dir) => {
  const certificate = `${dir}/chain.pem`;
  const cert = read(PEM.server) + read(PEM.ca);
  await Deno.writeTextFile(certificate, cert);
  const identity = await readIdentity({ certificate, key: PEM.serverKey });
  assertEquals(identity.cert, cert);
});
