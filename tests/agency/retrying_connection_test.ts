import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { testSending } from "../support/sending.ts";
import type { Script } from "../support/fake_central.ts";
import { Code, concat, errorFrame, frame, Type } from "../support/frames.ts";

const serve: Script = (session) => session.serve();

/** Closes each connection as soon as it is accepted. */
const hangUp: Script = () => Promise.resolve();

testSending("run() tries again if nothing listens", {
  scripts: [hangUp, hangUp, hangUp, serve],
}, ({ central, stored, error, log }) => {
  assertEquals([error, stored, central.connections], ["", 30, 4]);
  const attempts = log.lines.map((line) => /attempt: (\d)/.exec(line)?.[1]);
  assertEquals(attempts.filter((n) => n), ["1", "2", "3"]);
});

testSending("run() tries again after BUSY", {
  scripts: [async (session): Promise<void> => {
    await session.send(errorFrame(Code.BUSY));
    await session.gone();
  }, serve],
}, ({ stored, error }) => assertEquals([error, stored], ["", 30]));

testSending("run() does not try again with an invalid address", {
  scripts: [serve],
  addresses: [{ hostname: "not a host", port: 12345 }],
}, ({ central, error, log }) => {
  assertEquals(central.connections, 0);
  assertMatch(
    error,
    /^UnrecoverableError: Cannot connect to not a host:12345: invalid host/,
  );
  assertEquals(log.lines, []);
});

testSending("run() gives up after all attempts", {
  scripts: [hangUp],
  maxAttempts: 3,
}, ({ central, stored, error }) => {
  assertEquals([stored, central.connections], [0, 3]);
  assertMatch(
    error,
    /^UnrecoverableError: Cannot reach the central at 127\.0\.0\.1:\d+: 3 attempts in a row failed, the last one with: /,
  );
});

testSending("run() resets the attempts after each reply", {
  scripts: [async (session): Promise<void> => {
    await session.take();
    await session.ok();
  }],
  bets: 60,
  maxAttempts: 2,
}, ({ central, stored, error }) => {
  assertEquals([error, stored], ["", 60]);
  assertGreater(central.connections, 5);
});

testSending("run() gives up on a silent central", {
  scripts: [(session) => session.gone(), serve],
  replyTimeoutMs: 50,
}, ({ central, stored, error, log }) => {
  assertEquals([error, stored, central.connections], ["", 30, 2]);
  assertMatch(log.lines.join("\n"), /error: Cannot wait for the peer: idle/);
});

testSending(
  "run() ends with the signal's reason",
  {
    scripts: [(session) => session.gone()],
    signal: AbortSignal.abort("SIGTERM"),
  },
  ({ stored, error }) => assertEquals([error, stored], ["string: SIGTERM", 0]),
);

const stopping = new AbortController();

testSending(
  "run() ends in the middle of an exchange when aborted",
  {
    scripts: [async (session): Promise<void> => {
      await session.take();
      await session.ok();
      await session.take();
      stopping.abort("SIGINT");
      await session.gone();
    }],
    signal: stopping.signal,
  },
  ({ stored, error }) => assertEquals([error, stored], ["string: SIGINT", 10]),
);

const waiting = new AbortController();

testSending("run() ends during its delay when aborted", {
  scripts: [async (session): Promise<void> => {
    await session.take();
    setTimeout(() => waiting.abort("SIGTERM"), 20);
  }],
  baseDelayMs: 2 ** 30,
  signal: waiting.signal,
}, ({ error }) => assertEquals(error, "string: SIGTERM"));

/** Replies that no central sends, and the agency's message for each. */
const NONSENSE: Record<string, [Uint8Array, RegExp]> = {
  "an OK with one byte": [
    frame(Type.OK, Uint8Array.of(1)),
    /an OK has 0 or 2 bytes, not 1/,
  ],
  "a BET": [frame(Type.BET), /a reply of type 1 with 0 bytes/],
  "type 77": [frame(77), /a reply of type 77 with 0 bytes/],
  "an OK too many": [
    concat([frame(Type.OK), frame(Type.OK)]),
    /a reply of type 2/,
  ],
  "an ERROR too short": [frame(Type.ERROR, new Uint8Array(2)), /2 bytes/],
  "an ERROR unheard of": [errorFrame(200, 0, "x"), /answered ERROR_200: x$/],
  "MALFORMED": [errorFrame(Code.MALFORMED, 0, "x"), /answered MALFORMED: x$/],
  "TOO_LARGE": [errorFrame(Code.TOO_LARGE, 0, "x"), /answered TOO_LARGE: x$/],
  "a reply too large": [frame(Type.OK, undefined, 8188), /declares 8193 bytes/],
};

for (const [what, [bytes, message]] of Object.entries(NONSENSE)) {
  testSending(`run() gives up at once on ${what}`, {
    scripts: [async (session): Promise<void> => {
      await session.take();
      await session.send(bytes);
      await session.gone();
    }],
  }, ({ central, rejected, error }) => {
    assertEquals([central.connections, rejected], [1, ""]);
    assertMatch(error, /^UnrecoverableError: Cannot /);
    assertMatch(error, message);
  });
}

testSending("run() sends FINISH again if it was not accepted", {
  bets: 10,
  scripts: [async (session): Promise<void> => {
    await session.take();
    await session.ok();
    await session.take();
    await session.send(errorFrame(Code.SHUTTING_DOWN));
  }, serve],
}, ({ central, error }) => {
  assertEquals(error, "");
  assertEquals(central.names, ["0+10", "FINISH", "FINISH"]);
});

testSending("run() logs a refused FINISH", {
  bets: 0,
  scripts: [async (session): Promise<void> => {
    await session.take();
    await session.send(errorFrame(Code.UNKNOWN_AGENCY, undefined, "no part"));
  }],
}, ({ error, log }) => {
  assertEquals(error, "");
  assertEquals(
    log.lines.at(-1),
    "ERROR action: agency_finished | result: fail | error: UNKNOWN_AGENCY | reason: no part",
  );
});
