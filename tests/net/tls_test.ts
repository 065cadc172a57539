import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readAuthorities, startTls } from "../../net/tls.ts";
import { ProgramError } from "../../program/errors.ts";
import { PEM } from "../support/certificates.ts";
import { testInFolder } from "../support/folder.ts";
import { testWith } from "../support/permissions.ts";

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
  testWith(
    ["net", "read"],
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

testInFolder(
  "readAuthorities() reads each certificate of a file",
  async (dir) => {
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
      () => readAuthorities("", "x"),
      ProgramError,
      "not set",
    );
  },
);

Deno.test("readAuthorities() takes the system's bundle, wherever it is", async () => {
  const { readTextFile } = Deno;
  const asked: unknown[] = [];
  let there: unknown;
  let error: Error = new Deno.errors.NotFound();
  Deno.readTextFile = (path) => {
    asked.push(path);
    return path === there ? Promise.resolve("PEM") : Promise.reject(error);
  };
  try {
    assertEquals(await readAuthorities("system"), []);
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
  } finally {
    Deno.readTextFile = readTextFile;
  }
});
