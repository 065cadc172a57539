import { assertMatch, assertRejects } from "@std/assert";
import { startTls } from "../../net/tls.ts";
import { PEM } from "../support/certificates.ts";
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
