import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/deadline.ts";
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
import { testSending } from "../support/sending.ts";

/** The frames of batches of ten bets, and of FINISH. */
function framesOf(bets: number): string[] {
  const batches = Array.from({ length: bets / 10 }, (_, i) => `${10 * i}+10`);
  return [...batches, "FINISH"];
}

testSending("send() sends every batch in order, then FINISH", {
  scripts: [serve],
}, {
  stored: 30,
  connections: 1,
  check({ central, log }) {
    const fingerprint = central.taken[0]!.payload.slice(4, 12);
    const batches = [0, 10, 20].map((betIndex) =>
      betFrame({
        agency: 9,
        fingerprint: fingerprint.toHex(),
        betIndex,
        rows: rows(10, 1 + betIndex),
      })
    );
    const delivery = [
      Uint8Array.of(0, 0, 0, 9),
      fingerprint,
      Uint8Array.of(0, 0, 0, 30),
    ];
    assertEquals(
      central.taken.map(({ type, payload }) => frame(type, payload)),
      [...batches, frame(Type.FINISH, concat(delivery))],
    );
    assertEquals(
      log.lines.filter((line) => line.startsWith("DEBUG")).slice(1),
      Array(3).fill(
        "DEBUG action: apuesta_enviada | result: success | cantidad: 10",
      ),
    );
  },
});

testSending("BatchSender refuses a window without room for a batch", {
  window: 0,
  scripts: [serve],
}, { error: /^InvariantError: .* broken invariant: a window holds a batch$/ });

for (const csv of ["", "\r\n", "\ufeff", ";;;;\n, ,,,\n"]) {
  testSending(
    `send() does not connect without bets: ${JSON.stringify(csv)}`,
    { csv, scripts: [serve] },
    {
      connections: 0,
      error: /^ProgramError: .* it has no bets, expected at least one/,
    },
  );
}

const LAST_REPLIES = [
  ["complete", "OK", frame(Type.OK), true],
  ["anyway", "OK", frame(Type.OK), true],
  ["complete", "INCOMPLETE", errorFrame(Code.INCOMPLETE), false],
  ["complete", "UNKNOWN_AGENCY", errorFrame(Code.UNKNOWN_AGENCY), false],
] as const;

for (const [finish, name, reply, isFinished] of LAST_REPLIES) {
  testSending(`send() finishes ${finish}, and ends after ${name}`, {
    finish,
    bets: 10,
    scripts: [play(take(), ok(), answer(reply))],
  }, {
    isFinished,
    frames: ["0+10", "FINISH"],
    check({ central, log }) {
      const bytes = finish === "anyway" ? 4 : 16;
      assertEquals(central.taken[1]!.payload.length, bytes);
      const lines = log.linesWith("agency_finished");
      assertEquals(lines.length, isFinished ? 0 : 1);
    },
  });
}

testSending("send() sends no FINISH if another file follows", {
  finish: "no",
  bets: 10,
  scripts: [okAll],
}, { isFinished: undefined, frames: ["0+10"] });

testSending("send() waits for each reply with a window of 1", {
  scripts: [async (session): Promise<void> => {
    await session.take();
    for (let i = 0; i < 3; i++) {
      const next = session.take();
      const early = await Promise.race([next, delay(20)]);
      assertEquals(early, undefined, "a second frame is under way");
      await session.send(frame(Type.OK));
      await next;
    }
    await session.send(frame(Type.OK));
  }],
}, { stored: 30 });

testSending("send() has as many batches under way as the window allows", {
  window: 8,
  bets: 200,
  scripts: [
    play(
      ...[take(8), ok(), take(), ok(8)],
      ...[take(8), ok(8), take(3), ok(3), take(), ok()],
    ),
  ],
}, { stored: 200, frames: framesOf(200) });

testSending("send() allows a window of more frames than it joins in a write", {
  window: 20,
  bets: 250,
  scripts: [play(take(20), ok(20), serve)],
}, { stored: 250, frames: framesOf(250) });

testSending(
  "send() stops at once if the agency does not take part in the draw",
  {
    scripts: [answer(errorFrame(Code.UNKNOWN_AGENCY, undefined, "no part"))],
  },
  {
    stored: 0,
    frames: ["0+10"],
    error:
      /^RefusedError: Cannot continue: the central answered UNKNOWN_AGENCY: no part$/,
  },
);

for (const name of ["INVALID_BET", "BETTING_CLOSED"] as const) {
  testSending(`send() rejects all of a batch after ${name}`, {
    retryRefused: name !== "INVALID_BET",
    csv: `x\r\n${csvOf(rows(12))}y\r\n${csvOf(rows(18, 13))}`,
    scripts: [
      // The third place of the second batch is the gap of y.
      play(take(), ok(), answer(errorFrame(Code[name], 5, "por algo")), serve),
    ],
  }, {
    stored: 20,
    connections: 1,
    frames: ["1+10", "11+11", "22+10", "FINISH"],
    rejected: `x\r\n${csvOf(rows(2, 11))}y\r\n${csvOf(rows(8, 13))}`,
    check({ log }) {
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
    },
  });
}

testSending("send() sends no FINISH for a file that was appended to", {
  bets: 3_000,
  scripts: [async (session, path): Promise<void> => {
    await session.take();
    const more = csvOf(rows(5_000, 9_000));
    await Deno.writeTextFile(path, more, { append: true });
    await play(ok(), okAll)(session);
  }],
}, {
  error: /^ProgramError: .* it changed while it was sent /,
  check({ central }) {
    assert(!central.names.includes("FINISH"), central.names.join(" "));
    // Only the bets of the original file were sent.
    assert(central.taken.length <= 300, `${central.taken.length} batches`);
  },
});
