import { assert, assertEquals, assertLess } from "@std/assert";
import { within } from "../support/deadline.ts";
import type { Ending } from "../support/programs.ts";
import { restoreConfig, writeConfig } from "./config_file.ts";
import {
  docker,
  ending,
  logged,
  outcomeOf,
  plainLogs,
  property,
  run,
  stop,
  testUp,
  up,
} from "./containers.ts";

const ECHO = "docker-compose-echo.yaml";
const IMAGE = "loteria:latest";
/** Settings of the exercise's programs. */
const EXERCISE_CONFIG = "server: {listenBacklog: 5}\nlog: {level: DEBUG}\n";
const NUMBERS = [1, 2, 3, 4, 5];

/** Echo servers: the fault of each, if any, and how it serves a connection. */
const OTHER_SERVERS: [fault: string | null, body: string][] = [
  [null, "await echo()"],
  ["a prefix", "await c.write(e.encode('x')); await echo()"],
  ["a suffix", "await echo(); await c.write(e.encode('x'))"],
  ["no end of the line", "await echo(1)"],
  ["another line", "await c.write(e.encode('Hola\\n'))"],
  ["nothing at all", ""],
  ["nothing, and no end", "await new Promise(() => {})"],
];

testEcho("one client exchanges five messages", 1, async () => {
  await up(ECHO);
  assertEquals(await ending("client1"), 0);
  assertEquals(await plainLogs("client1"), [
    "INFO     action: config | result: success | client_id: 1 | server_address: server:12345 | loop_amount: 5 | loop_period: 5s | log_level: DEBUG",
    ...NUMBERS.map((number) => clientLine(1, number)),
    "INFO     action: loop_finished | result: success | client_id: 1",
  ]);
  const inProgress =
    "INFO     action: accept_connections | result: in_progress";
  const log = await plainLogs("server");
  assertEquals(log.slice(0, 2), [
    "DEBUG    action: config | result: success | port: 12345 | listen_backlog: 5 | logging_level: DEBUG",
    inProgress,
  ]);
  // It accepts the next connection before it has read from the last.
  assertEquals(log.slice(2).filter((line) => line !== inProgress), [
    ...NUMBERS.flatMap((number) => [
      "INFO     action: accept_connections | result: success | ip: IP",
      serverLine(1, number),
    ]),
  ]);
  assertEquals(log.filter((line) => line === inProgress).length, 6);
  assertEquals(await stop("server"), 0);
  assertEquals((await plainLogs("server")).slice(-2), [
    "INFO     action: stop | result: in_progress | signal: SIGTERM",
    "INFO     action: close_listener | result: success",
  ]);
});

testEcho("five clients exchange five messages each", 5, async () => {
  await writeConfig(`${EXERCISE_CONFIG}loop: {period: 200ms}\n`);
  await up(ECHO);
  for (const client of NUMBERS) {
    assertEquals(await ending(`client${client}`), 0);
    const log = await plainLogs(`client${client}`);
    assertEquals(log.slice(1), [
      ...NUMBERS.map((number) => clientLine(client, number)),
      `INFO     action: loop_finished | result: success | client_id: ${client}`,
    ]);
  }
  const log = await plainLogs("server");
  for (const client of NUMBERS) {
    assertEquals(
      log.filter((line) => line.includes(`[CLIENT ${client}]`)),
      NUMBERS.map((number) => serverLine(client, number)),
    );
  }
  const accepted =
    "INFO     action: accept_connections | result: success | ip: IP";
  assertEquals(log.filter((line) => line === accepted).length, 25);
  assertEquals(log.filter((line) => line.includes("fail")), []);
});

testEcho("docker stop ends a client between two messages", 1, async () => {
  await up(ECHO);
  await logged("client1", /N°1/);
  assertEquals(await stop("client1"), 0);
  assertEquals((await plainLogs("client1")).slice(1), [
    clientLine(1, 1),
    "INFO     action: stop | result: success | signal: SIGTERM",
  ]);
});

testEcho(
  "validar-echo-server.sh succeeds with the echo server",
  0,
  async () => {
    await up(ECHO);
    await logged("server", /accept_connections/);
    const { code, stdout } = await outcomeOf(["./validar-echo-server.sh"]);
    assertEquals([code, stdout], [0, result("success")]);
    const log = await plainLogs("server");
    assert(log.at(-1)!.includes("action: receive_message | result: success"));
  },
);

testEcho("validar-echo-server.sh fails with any other", 0, async () => {
  await up(ECHO);
  const networks = await property("server", "NetworkSettings.Networks");
  const [network] = Object.keys(networks as Record<string, unknown>);
  await docker("rm", "--force", "server");
  assertFail(await validate(), "no server");
  for (const [fault, body] of OTHER_SERVERS) {
    await docker(
      ...["run", "--detach", "--name", "server", "--network", network!],
      ...["--entrypoint", "deno", IMAGE, "eval", otherServer(body)],
    );
    await logged("server", /ready/);
    const outcome = await validate();
    if (fault !== null) assertFail(outcome, fault);
    else assertEquals(outcome.stdout, result("success"), outcome.stderr);
    await docker("rm", "--force", "server");
  }
  await docker(
    ...["run", "--detach", "--name", "server", "--network", network!],
    ...["--entrypoint", "sleep", IMAGE, "60"],
  );
  assertFail(await validate(), "nobody listens");
  await docker("rm", "--force", "server");
  // The engine removes the script's own containers a little after they end.
  await within(allRemoved(), () => "there are containers left");
});

async function allRemoved(): Promise<void> {
  while (await docker("ps", "--all", "--quiet") !== "") {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Registers a test of the echo example. */
function testEcho(
  name: string,
  clients: number,
  fn: () => Promise<void>,
): void {
  testUp(name, ECHO, async () => {
    await run(["./generar-compose.sh", ECHO, String(clients)], {
      EXAMPLE: "echo",
    });
    await writeConfig(EXERCISE_CONFIG);
    try {
      await fn();
    } finally {
      await restoreConfig();
    }
  });
}

function clientLine(client: number, number: number): string {
  return `INFO     action: receive_message | result: success | client_id: ${client} | msg: [CLIENT ${client}] Message N°${number}`;
}

function serverLine(client: number, number: number): string {
  return `INFO     action: receive_message | result: success | ip: IP | msg: [CLIENT ${client}] Message N°${number}`;
}

function result(result: string): string {
  return `action: test_echo_server | result: ${result}\n`;
}

interface Timed extends Ending {
  seconds: number;
}

async function validate(): Promise<Timed> {
  const start = performance.now();
  const outcome = await outcomeOf(["./validar-echo-server.sh"]);
  return { ...outcome, seconds: (performance.now() - start) / 1000 };
}

function assertFail({ code, stdout, seconds }: Timed, fault: string): void {
  assertEquals([code, stdout], [1, result("fail")], fault);
  assertLess(seconds, 5, fault);
}

/** A program that reads a line on each connection, and does something else. */
function otherServer(body: string): string {
  return `
    const e = new TextEncoder();
    async function answer(c) {
      const b = new Uint8Array(100);
      const n = await c.read(b);
      const echo = (less = 0) => c.write(b.subarray(0, n - less));
      ${body};
      c.close();
    }
    const listener = Deno.listen({ port: 12345 });
    console.log("ready");
    for await (const c of listener) answer(c);
  `;
}
