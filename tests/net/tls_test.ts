import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  explainTls,
  readAuthorities,
  startTls,
  TlsStream,
} from "../../net/tls.ts";
import { ProgramError } from "../../program/errors.ts";
import { PEM } from "../support/certificates.ts";
import { testInFolder as test } from "../support/folder.ts";
import { testOnline } from "../support/permissions.ts";
import "../support/watchdog.ts";
import { replace } from "../support/replaced.ts";

/** What a server does with a handshake, and what its client says of it. */
const HANDSHAKES: [
  name: string,
  serve: (conn: Deno.TcpConn) => Promise<void>,
  message: RegExp,
][] = [
  [
    "never answers",
    async () => {},
    /^Cannot speak TLS: it took too long$/,
  ],
  [
    "closes",
    async (conn) => await conn.closeWrite(),
    /^Cannot speak TLS: (?!it took too long)/,
  ],
  [
    "does not speak TLS",
    async (conn) => void await conn.write(new TextEncoder().encode("hello\n")),
    /does not speak TLS/,
  ],
];

for (const [name, serve, message] of HANDSHAKES) {
  testOnline(
    `startTls() says why a handshake fails: the server ${name}`,
    async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const tcp = await Deno.connect({ port: listener.addr.port });
      using conn = await listener.accept();
      await serve(conn);
      // Only the first is to run into its limit.
      const timeoutMs = name === "never answers" ? 50 : 60_000;
      const ca = await Deno.readTextFile(PEM.ca);
      const options = { hostname: "localhost", authorities: [ca], timeoutMs };
      const error = await assertRejects(
        () => startTls(tcp, options),
        Deno.errors.ConnectionAborted,
      );
      assertMatch(error.message, message);
    },
  );
}

const EXPLANATIONS = {
  "received corrupt message": "the other side does not speak TLS",
  "InvalidContentType": "the other side does not speak TLS",
  "invalid peer certificate: UnknownIssuer":
    "no trusted authority has signed its certificate",
  "AlertReceived(UnknownCA)":
    "it does not know the authority of this certificate",
  "certificate expired": "its certificate has expired",
  "Expired": "its certificate has expired",
  "NotValidYet": "its certificate is not valid yet",
  "CaUsedAsEndEntity": "its certificate is an authority's, not a server's",
  "UnsupportedCertVersion": "its certificate is not of X.509 version 3",
  "NotValidForName": "its certificate has another name",
  "certificate not valid for name": "its certificate has another name",
};

Deno.test("explainTls() says in plain words what it knows", () => {
  for (const [message, words] of Object.entries(EXPLANATIONS)) {
    assertEquals(explainTls(new Error(message)), `${words} (${message})`);
  }
  assertEquals(explainTls(new Error("other")), "other");
});

Deno.test("TlsStream ends like a lost connection if TLS fails", async () => {
  const bytes = new Uint8Array(1);
  for (const kind of [Deno.errors.InvalidData, Deno.errors.ConnectionReset]) {
    const cause = new kind("UnknownCA");
    const fail = () => Promise.reject(cause);
    const stream = new TlsStream(
      { read: fail, write: fail, closeWrite: fail } as unknown as Deno.TlsConn,
    );
    const calls = [
      () => stream.read(bytes),
      () => stream.write(bytes),
      () => stream.closeWrite(),
    ];
    for (const call of calls) {
      const error = await assertRejects(async () => void await call(), Error);
      if (kind === Deno.errors.ConnectionReset) assertEquals(error, cause);
      else {
        assert(error instanceof Deno.errors.ConnectionAborted);
        assertMatch(error.message, /^Cannot speak TLS: it does not know the/);
        assertEquals(error.cause, cause);
      }
    }
  }
});

test("readAuthorities() reads each certificate of a file", async (dir) => {
  const [ca, server] = await Promise.all(
    [PEM.ca, PEM.server].map((path) => Deno.readTextFile(path)),
  );
  const file = `${dir}/ca.pem`;
  await Deno.writeTextFile(file, `Ours:\n${ca}\nTheirs:\n${server}`);
  assertEquals(
    await readAuthorities(file),
    [ca!.trim(), server!.trim()],
  );
  const broken = ca!.replace(/.{9}\n-----END/, "\n-----END");
  const cases: [text: string | undefined, reason: string][] = [
    [undefined, "No such file"],
    ["", "there is no certificate in it"],
    [broken, "a certificate cannot be decoded: "],
  ];
  for (const [text, reason] of cases) {
    if (text === undefined) await Deno.remove(file);
    else await Deno.writeTextFile(file, text);
    await assertRejects(
      () => readAuthorities(file, "tls.ca"),
      ProgramError,
      `Cannot use tls.ca "${file}": ${reason}`,
    );
  }
  await assertRejects(
    () => readAuthorities(""),
    ProgramError,
    "Cannot use TLS: authorities is not set",
  );
});

Deno.test("readAuthorities() takes the system's bundle, wherever it is", async () => {
  const asked: unknown[] = [];
  let there: unknown;
  let error: Error = new Deno.errors.NotFound();
  using _files = replace(Deno, {
    readTextFile(path): Promise<string> {
      asked.push(path);
      return path === there ? Promise.resolve("PEM") : Promise.reject(error);
    },
  });
  assertEquals(await readAuthorities("system"), []);
  assertEquals(asked.length, 3);
  for (const path of asked.splice(0)) {
    there = path;
    assertEquals(await readAuthorities("system"), ["PEM"]);
  }
  there = undefined;
  error = new Deno.errors.PermissionDenied();
  await assertRejects(
    () => readAuthorities("system"),
    Deno.errors.PermissionDenied,
  );
});
