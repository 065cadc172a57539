import { assertEquals, assertMatch } from "@std/assert";
import {
  assertEnding,
  startProgram,
  testPrograms as test,
} from "../support/programs.ts";

const encoder = new TextEncoder();

test("the echo example's programs log the exercise's lines", async () => {
  await using server = startProgram("echo:server", {
    SERVER_PORT: "0",
    SERVER_LISTEN_BACKLOG: "5",
    LOGGING_LEVEL: "DEBUG",
  });
  const [, port] = await server.line(/action: listen .* port: (\d+)/);
  await using client = startClient(Number(port), { CLI_LOOP_PERIOD: "10ms" });
  assertEquals(assertEnding(await client.ending(), 0), [
    `INFO action: config | result: success | client_id: 7 | server_address: 127.0.0.1:${port} | loop_amount: 5 | loop_period: 10ms | log_level: DEBUG`,
    ...[1, 2, 3, 4, 5].map((number) =>
      `INFO action: receive_message | result: success | client_id: 7 | msg: [CLIENT 7] Message N°${number}`
    ),
    "INFO action: loop_finished | result: success | client_id: 7",
  ]);
  const log = assertEnding(await server.stop(), 0);
  assertEquals(
    log[0],
    "DEBUG action: config | result: success | port: 0 | listen_backlog: 5 | logging_level: DEBUG",
  );
  assertEquals(log.filter((line) => line.includes("receive_message")), [
    ...[1, 2, 3, 4, 5].map((number) =>
      `INFO action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 7] Message N°${number}`
    ),
  ]);
  assertEquals(log.slice(-2), [
    "INFO action: stop | result: in_progress | signal: SIGTERM",
    "INFO action: close_listener | result: success",
  ]);
});

for (const isAnswered of [false, true]) {
  const moment = isAnswered
    ? "waiting after its last message"
    : "waiting for a reply";
  test(`echo/client.ts stops while it is ${moment}`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using client = startClient(listener.addr.port, {
      CLI_LOOP_AMOUNT: "1",
      CLI_LOOP_PERIOD: "1h",
    });
    using peer = await listener.accept();
    await peer.read(new Uint8Array(100));
    if (isAnswered) {
      await peer.write(encoder.encode("a\n"));
      await client.line(/receive_message/);
    }
    const log = assertEnding(await client.stop(), 0);
    assertEquals(log.slice(1), [
      isAnswered
        ? "INFO action: receive_message | result: success | client_id: 7 | msg: a"
        : "INFO action: close_connection | result: success | client_id: 7",
      "INFO action: stop | result: success | signal: SIGTERM",
    ]);
  });
}

test("echo/client.ts reports a missing reply", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using client = startClient(port);
  (await listener.accept()).close();
  listener.close();
  await using other = startClient(port);
  for (const program of [client, other]) {
    const [, last, ...more] = assertEnding(await program.ending(), 1);
    assertEquals(more, []);
    assertMatch(
      last!,
      /^ERROR action: receive_message \| result: fail \| client_id: 7 \| error: ./,
    );
  }
});

function startClient(
  port: number,
  env: Record<string, string> = {},
): ReturnType<typeof startProgram> {
  return startProgram("echo:client", {
    CLI_ID: "7",
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_LOG_LEVEL: "DEBUG",
    ...env,
  });
}
