import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SendOptions } from "../../client.ts";
import { testSending } from "../support/sending.ts";
import {
  type FakeSession,
  gone,
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

/** Changes of a file while it is sent. */
const FILE_CHANGES: Record<string, (path: string) => Promise<void>> = {
  "appended to": (path) =>
    Deno.writeTextFile(path, csvOf(rows(5_000, 9_000)), { append: true }),
  "cut": (path) => Deno.truncate(path, 100_000),
  async "replaced"(path) {
    await Deno.writeTextFile(`${path}.new`, csvOf(rows(3_000, 9_000)));
    await Deno.rename(`${path}.new`, path);
  },
};

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
      const lines = log.lines.filter((line) =>
        line.includes("agency_finished")
      );
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
    scripts: [async (session): Promise<void> => {
      await session.take();
      await session.ok();
      await session.take();
      // Its third place is the gap of y.
      await session.send(errorFrame(Code[name], 5, "por algo"));
      await session.take();
      await session.ok();
      await session.take();
      await session.ok();
    }],
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

for (const [name, change] of Object.entries(FILE_CHANGES)) {
  testSending(`send() sends no FINISH for a file that was ${name}`, {
    bets: 3_000,
    scripts: [async (session, path): Promise<void> => {
      await session.take();
      await change(path);
      await session.ok();
      await session.okAll();
    }],
  }, ({ central, error }) => {
    assertMatch(error, /^ProgramError: .* it changed while it was sent /);
    assert(!central.names.includes("FINISH"), central.names.join(" "));
    // Only the bets of the original file were sent.
    assert(central.taken.length <= 300, `${central.taken.length} batches`);
  });
}

/** OK for a batch of which some bets were stored before. */
function repeated(bets: number): Uint8Array {
  return frame(Type.OK, Uint8Array.of(0, bets));
}

testSending("send() tells new bets from those that were there", {
  scripts: [async (session): Promise<void> => {
    for (const bets of [10, 3, 10]) {
      await session.take();
      await session.send(repeated(bets));
    }
    await session.take();
    await session.ok();
  }],
}, ({ summary }) => {
  assertEquals([summary?.stored, summary?.repeated], [7, 23]);
});

/** How many of 30 bets are new if a reply is lost after so many repeated ones. */
for (const [first, stored] of [[0, 30], [10, 10]] as const) {
  testSending(
    `send() counts a batch whose reply was lost like the one before: ${first}`,
    {
      scripts: [async (session): Promise<void> => {
        await session.take();
        await session.send(repeated(first));
        // It is stored, and the OK is lost.
        await session.take();
      }, play(take(), repeated(10), serve)],
    },
    ({ summary }) => {
      assertEquals([summary?.stored, summary?.repeated], [stored, 30 - stored]);
    },
  );
}

testSending(
  "send() gives up on an OK for more repeated bets than it has sent",
  {
    scripts: [play(take(), repeated(11), gone)],
  },
  ({ error }) => assertMatch(error, /11 of 10 bets were stored before/),
);

/** What a central does with a batch before it closes the connection. */
const LOSSES: Record<string, (session: FakeSession) => Promise<unknown>> = {
  "STORAGE": (session) => session.send(errorFrame(Code.STORAGE)),
  "SHUTTING_DOWN": (session) => session.send(errorFrame(Code.SHUTTING_DOWN)),
  "BUSY": (session) => session.send(errorFrame(Code.BUSY)),
  "no answer": () => Promise.resolve(),
  "half an answer": (session) => session.send(Uint8Array.of(2, 0, 0)),
  "half an error": (session) => session.send(errorFrame(5).subarray(0, 20)),
};

for (const [what, lose] of Object.entries(LOSSES)) {
  testSending(`send() sends the same batch again after ${what}`, {
    scripts: [async (session): Promise<void> => {
      await session.take();
      await session.ok();
      await session.take();
      await lose(session);
    }, serve],
  }, ({ central, stored, rejected, error, log }) => {
    assertEquals([error, stored, rejected, central.connections], [
      "",
      30,
      "",
      2,
    ]);
    const names = ["0+10", "10+10", "10+10", "20+10", "FINISH"];
    assertEquals(central.names, names);
    assertEquals(central.taken[1], central.taken[2]);
    const fails = log.lines.filter((line) => line.includes("result: fail"));
    assertEquals(fails.length, 1);
    assertMatch(fails[0]!, /^WARN action: connect .* attempt: 1 \| error: /);
  });

  testSending(`send() sends all unanswered again after ${what}`, {
    window: 8,
    bets: 120,
    scripts: [async (session): Promise<void> => {
      await session.take(8);
      await session.ok(3);
      await session.take(3);
      await lose(session);
    }, async (session): Promise<void> => {
      await session.take(8);
      await session.ok();
      await session.take();
      await lose(session);
    }, serve],
  }, ({ central, stored, error }) => {
    assertEquals([error, stored, central.connections], ["", 120, 3]);
    const names = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `${10 * (from + i)}+10`);
    assertEquals(central.names, [
      ...names(0, 11),
      ...names(3, 12),
      ...names(4, 12),
      "FINISH",
    ]);
    const payloads = central.taken.map(({ payload }) => payload);
    assertEquals(payloads.slice(11, 19), payloads.slice(3, 11));
    assertEquals(payloads.slice(20, 28), payloads.slice(12, 20));
    assertEquals(payloads.at(-1)?.at(3), 9);
  });
}

async function pause(): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
