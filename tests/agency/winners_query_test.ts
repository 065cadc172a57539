import { assertEquals, assertRejects } from "@std/assert";
import { winnersQuery } from "../../agency/connection/winners_query.ts";
import { Agency, RefusedError, UnreachableError } from "../../client.ts";
import type { Connection } from "../../net/connection.ts";
import { ProgramError } from "../../program/errors.ts";
import type { Frame } from "../../protocol/mod.ts";
import { WINNERS } from "../support/draw_wire.ts";
import {
  answer,
  FakeCentral,
  gone,
  type Script,
  take,
} from "../support/fake_central.ts";
import { Code, concat, errorFrame, frame } from "../support/frames.ts";
import { testOnline as test } from "../support/permissions.ts";
import { assertProblem } from "../support/problems.ts";

/** The document "9", in a reply that is not the last one. */
const FIRST_PART = frame(WINNERS, Uint8Array.of(0, 0, 1, 1, 0x39));
/** The documents "12" and "3". */
const LAST_PART = frame(
  WINNERS,
  Uint8Array.of(1, 0, 2, 2, 0x31, 0x32, 1, 0x33),
);

const winners = answer(concat([FIRST_PART, LAST_PART]));

/** A list with one winner. */
function winnersFrame(document: string): Uint8Array {
  const bytes = new TextEncoder().encode(document);
  return frame(WINNERS, Uint8Array.of(1, 0, 1, bytes.length, ...bytes));
}

/** How a central ends while an agency waits. */
const ENDS: Record<string, Script> = {
  "a clean stop": answer(errorFrame(Code.SHUTTING_DOWN)),
  "a kill": take(),
  "a kill between two parts": answer(FIRST_PART),
};

function winnersOf({ port }: FakeCentral): Promise<string[]> {
  return new Agency({
    id: 9,
    server: `127.0.0.1:${port}`,
    maxAttempts: 3,
    baseDelayMs: 1,
  }).winners();
}

for (const [name, end] of Object.entries(ENDS)) {
  test(`winners() outlives any number of restarts by ${name}`, async () => {
    const restarts = Array.from({ length: 20 }, () => end);
    await using central = new FakeCentral(...restarts, winners);
    assertEquals(await winnersOf(central), ["9", "12", "3"]);
    assertEquals(central.connections, 21);
  });
}

test("winners() asks again at once after a wait without a reply", async () => {
  await using central = new FakeCentral(gone, gone, winners);
  const agency = new Agency({
    id: 9,
    server: `127.0.0.1:${central.port}`,
    maxAttempts: 1,
    replyTimeoutMs: 30,
  });
  assertEquals(await agency.winners(), ["9", "12", "3"]);
});

test("winners() counts a refusal as a failed attempt", async () => {
  for (const code of [Code.BUSY, Code.STORAGE]) {
    await using central = new FakeCentral(answer(errorFrame(code)));
    await assertRejects(() => winnersOf(central), UnreachableError);
    assertEquals(central.connections, 3);
  }
});

test("winners() rejects anything but documents as winners", async () => {
  for (const text of ["", "\x1b[2J", "1\n", "12,3", "1".repeat(21)]) {
    await using central = new FakeCentral(answer(winnersFrame(text)));
    await assertProblem(
      () => winnersOf(central),
      "Cannot go on: the central sent a winner that is not 1 to 20 digits",
    );
  }
});

test("winners() accepts documents of 1 to 20 digits", async () => {
  for (const text of ["0", "1".repeat(20)]) {
    await using central = new FakeCentral(answer(winnersFrame(text)));
    assertEquals(await winnersOf(central), [text]);
  }
});

Deno.test("winnersQuery() counts a query that was not sent as a failed attempt", async () => {
  const reset = new Deno.errors.ConnectionReset();
  const connection = { write: () => Promise.reject(reset) };
  let progress = 0;
  await assertRejects(
    () =>
      winnersQuery(9)(connection as unknown as Connection, () => progress++),
    Deno.errors.ConnectionReset,
  );
  assertEquals(progress, 0);
});

Deno.test("winnersQuery() ends if a central never stops sending winners", async () => {
  let sent = 0;
  const connection = {
    write: () => Promise.resolve(),
    readFrame(): Promise<Frame> {
      sent++;
      const payload = Uint8Array.of(0, 0, 1, 1, 0x39);
      return Promise.resolve({ type: WINNERS, payload });
    },
  };
  const query = winnersQuery(9, 20);
  await assertRejects(
    () => query(connection as unknown as Connection, () => {}),
    ProgramError,
    "the central sent more than 20 winners",
  );
  assertEquals(sent, 21);
});

test("winners() fails if the agency has no draw to wait for", async () => {
  await using central = new FakeCentral(
    answer(errorFrame(Code.UNKNOWN_AGENCY, undefined, "no part")),
  );
  await assertRejects(
    () => winnersOf(central),
    RefusedError,
    "Cannot ask for the winners: the central answered UNKNOWN_AGENCY: no part",
  );
});
