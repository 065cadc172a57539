import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SendOptions } from "../../client.ts";
import { delay } from "../support/deadline.ts";
import { testSending } from "../support/sending.ts";
import {
  answer,
  ok,
  okAll,
  play,
  serve,
  take,
} from "../support/fake_central.ts";
import {
  betFrame,
  Code,
  concat,
  errorFrame,
  frame,
  Type,
} from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

testSending("send() sends every batch in order, then FINISH", {
  scripts: [serve],
}, ({ central, stored, rejected, error, log }) => {
  assertEquals([error, stored, rejected, central.connections], ["", 30, "", 1]);
  const fingerprint = central.taken[0]!.payload.slice(4, 12);
  assertEquals(
    central.taken.map(({ type, payload }) => frame(type, payload)),
    [
      ...[0, 10, 20].map((betIndex) =>
        betFrame({
          agency: 9,
          fingerprint: fingerprint.toHex(),
          betIndex,
          rows: rows(10, 1 + betIndex),
        })
      ),
      frame(
        Type.FINISH,
        concat([
          Uint8Array.of(0, 0, 0, 9),
          fingerprint,
          Uint8Array.of(0, 0, 0, 30),
        ]),
      ),
    ],
  );
  assertEquals(
    log.lines.filter((line) => line.startsWith("DEBUG")).slice(1),
    [10, 10, 10].map((count) =>
      `DEBUG action: apuesta_enviada | result: success | cantidad: ${count}`
    ),
  );
});

testSending("BatchSender refuses a window without room for a batch", {
  window: 0,
  scripts: [serve],
}, ({ error }) => {
  assertEquals(
    error,
    "InvariantError: Cannot continue: broken invariant: a window holds a batch",
  );
});

for (const csv of ["", "\r\n", "\ufeff", ";;;;\n, ,,,\n"]) {
  testSending(
    `send() does not even connect without bets: ${JSON.stringify(csv)}`,
    {
      csv,
      scripts: [serve],
    },
    ({ central, error }) => {
      assertEquals(central.connections, 0);
      assertMatch(
        error,
        /^ProgramError: .* it has no bets, expected at least one/,
      );
    },
  );
}

const LAST_REPLIES: [
  finish: SendOptions["finish"],
  reply: Uint8Array,
  isFinished: boolean,
][] = [
  ["complete", frame(Type.OK), true],
  ["anyway", frame(Type.OK), true],
  ["complete", errorFrame(Code.INCOMPLETE, undefined, "2 of 30 bets"), false],
  ["complete", errorFrame(Code.UNKNOWN_AGENCY, undefined, "no part"), false],
];

for (const [finish, reply, isFinished] of LAST_REPLIES) {
  testSending(
    `send() finishes ${finish}, and ends after a reply of type ${reply[0]}, ${
      reply[5]
    }`,
    {
      finish: finish!,
      bets: 10,
      scripts: [play(take(), ok(), take(), reply)],
    },
    (delivered) => {
      const { central, error, log } = delivered;
      assertEquals([error, delivered.summary?.isFinished], ["", isFinished]);
      assertEquals(central.names, ["0+10", "FINISH"]);
      const bytes = finish === "anyway" ? 4 : 16;
      assertEquals(central.taken[1]!.payload.length, bytes);
      const lines = log.linesWith("agency_finished");
      assertEquals(lines.length, isFinished ? 0 : 1);
    },
  );
}

testSending("send() sends no FINISH if another file follows", {
  finish: "no",
  bets: 10,
  scripts: [okAll],
}, ({ central, summary, error }) => {
  assertEquals([error, summary?.isFinished, central.names], ["", undefined, [
    "0+10",
  ]]);
});

testSending("send() waits for each reply with a window of 1", {
  scripts: [async (session): Promise<void> => {
    await session.take();
    for (let i = 0; i < 3; i++) {
      const next = session.take();
      const early = await Promise.race([next, pause()]);
      assertEquals(early, undefined, "a second frame is under way");
      await session.ok();
      await next;
    }
    await session.ok();
  }],
}, ({ stored, error }) => assertEquals([error, stored], ["", 30]));

testSending("send() has as many batches under way as the window", {
  window: 8,
  bets: 200,
  scripts: [
    play(
      take(8),
      ok(),
      take(1),
      ok(8),
      take(8),
      ok(8),
      take(3),
      ok(3),
      take(),
      ok(),
    ),
  ],
}, ({ central, stored, error }) => {
  assertEquals([error, stored], ["", 200]);
  const betIndexes = Array.from({ length: 20 }, (_, i) => `${10 * i}+10`);
  assertEquals(central.names, [...betIndexes, "FINISH"]);
});

testSending("send() has a window of more frames than a write has", {
  window: 20,
  bets: 250,
  scripts: [play(take(20), ok(20), serve)],
}, ({ central, stored, error }) => {
  assertEquals([error, stored], ["", 250]);
  const betIndexes = Array.from({ length: 25 }, (_, i) => `${10 * i}+10`);
  assertEquals(central.names, [...betIndexes, "FINISH"]);
});

testSending("send() stops at once if the agency takes no part", {
  scripts: [
    play(take(), errorFrame(Code.UNKNOWN_AGENCY, undefined, "no part")),
  ],
}, ({ central, stored, rejected, error }) => {
  assertEquals([stored, rejected, central.names], [0, "", ["0+10"]]);
  assertEquals(
    error,
    "RefusedError: Cannot continue: the central answered UNKNOWN_AGENCY: no part",
  );
});

for (const name of ["INVALID_BET", "BETTING_CLOSED"] as const) {
  testSending(`send() rejects all of a batch after ${name}`, {
    retryRefused: name !== "INVALID_BET",
    csv: `x\r\n${csvOf(rows(12))}y\r\n${csvOf(rows(18, 13))}`,
    scripts: [
      // The third place of the second batch is the gap of y.
      play(take(), ok(), answer(errorFrame(Code[name], 5, "por algo")), serve),
    ],
  }, ({ central, stored, rejected, error, log }) => {
    assertEquals([error, stored, central.connections], ["", 20, 1]);
    assertEquals(central.names, ["1+10", "11+11", "22+10", "FINISH"]);
    assertEquals(
      rejected,
      `x\r\n${csvOf(rows(2, 11))}y\r\n${csvOf(rows(8, 13))}`,
    );
    // Its first bet is in line 12 and y follows it: the fifth is in line 17.
    const row = name === "INVALID_BET"
      ? ` | row: ${rows(1, 15)[0]!.join(",")}`
      : "";
    assert(
      log.lines.includes(
        `ERROR action: apuesta_enviada | result: fail | cantidad: 10 | line: 17 | error: ${name} | reason: por algo${row}`,
      ),
      log.lines.join("\n"),
    );
  });
}

testSending("send() sends no FINISH for a file that was appended to", {
  bets: 3_000,
  scripts: [async (session, path): Promise<void> => {
    await session.take();
    const more = csvOf(rows(5_000, 9_000));
    await Deno.writeTextFile(path, more, { append: true });
    await session.ok();
    await session.okAll();
  }],
}, ({ central, error }) => {
  assertMatch(error, /^ProgramError: .* it changed while it was sent /);
  assert(!central.names.includes("FINISH"), central.names.join(" "));
  // Only the bets of the original file were sent.
  assert(central.taken.length <= 300, `${central.taken.length} batches`);
});

async function pause(): Promise<undefined> {
  await delay(20);
}
