import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Agency,
  type Bet,
  ProgramError,
  type Progress,
  RefusedError,
  type RefusedRow,
  UnreachableError,
} from "../../client.ts";
import { FakeCentral, play, serve, take } from "../support/fake_central.ts";
import { encodeCsv } from "../../agency/bets_csv.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder as test } from "../support/folder.ts";
import { Code, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { assertProblem } from "../support/problems.ts";

function betsOf(count: number): Bet[] {
  return rows(count).map(([firstName, lastName, document, birthdate, number]) =>
    ({ firstName, lastName, document, birthdate, number }) as Bet
  );
}

function agencyOf({ port }: FakeCentral): Agency {
  return new Agency({
    id: 9,
    server: `127.0.0.1:${port}`,
    maxAmount: 10,
    maxAttempts: 2,
    baseDelayMs: 1,
  });
}

/** An OK for a batch, with the number of its bets that were stored before. */
function okWith(repeated: number): Uint8Array {
  return frame(
    Type.OK,
    repeated === 0 ? undefined : Uint8Array.of(0, repeated),
  );
}

async function* later(bets: readonly Bet[]): AsyncGenerator<Bet> {
  for (const bet of bets) {
    await Promise.resolve();
    yield bet;
  }
}

test("send() sends the same from a path, a stream and bets", async (dir) => {
  const path = `${dir}/bets.csv`;
  await Deno.writeTextFile(path, csvOf(rows(25)));
  const inputs = [
    path,
    ReadableStream.from([new TextEncoder().encode(csvOf(rows(25)))]),
    betsOf(25),
    later(betsOf(25)),
  ];
  const sent: unknown[] = [];
  for (const input of inputs) {
    await using central = new FakeCentral(serve);
    const summary = await agencyOf(central).send(input);
    assertEquals(summary, {
      file: typeof input === "string" ? path : "-",
      records: 25,
      refused: 0,
      stored: 25,
      repeated: 0,
      rejectedFile: undefined,
      sentBefore: undefined,
      isFinished: true,
    });
    sent.push(central.taken);
  }
  for (const taken of sent) assertEquals(taken, sent[0]);
});

Deno.test("encodeCsv() encodes any number of bets", async () => {
  const count = 5_000;
  const text = await new Response(encodeCsv(later(betsOf(count)))).text();
  assertEquals(text, csvOf(rows(count)).replaceAll("\r", ""));
});

test("send() keeps quotes and separators of bets, and refuses line breaks", async () => {
  const names = ['O"x, y', 'O"x', "x, y"];
  const odd = names.map((lastName) => ({ ...betsOf(1)[0]!, lastName }));
  await using central = new FakeCentral(serve);
  const { stored } = await agencyOf(central).send(odd);
  assertEquals(stored, names.length);
  const text = new TextDecoder().decode(central.taken[0]!.payload);
  for (const name of names) assertStringIncludes(text, name);
  const broken = odd.map((bet) => ({ ...bet, firstName: "a\nb" }));
  await assertProblem(
    () => agencyOf(central).send(broken),
    "Cannot send bet 0: a field has a line break",
  );
});

test("send() calls onProgress and onRefused", async (dir) => {
  const path = `${dir}/bets.csv`;
  const bad = rows(12).map((row, i) => i === 3 ? row.with(2, "x") : row);
  await Deno.writeTextFile(path, `${csvOf(bad)}no bet\n`);
  await using central = new FakeCentral(
    play(
      take(),
      ...[errorFrame(Code.INVALID_BET, 3, "because"), take(), okWith(2)],
      serve,
    ),
  );
  const refused: RefusedRow[] = [];
  const progress: Progress[] = [];
  await agencyOf(central).send(path, {
    onRefused: (row) => refused.push(row),
    onProgress: (step) => progress.push(step),
  });
  assertEquals(
    refused.map(({ line, index }) => [line, index]),
    [[13, 12], [4, 3]],
  );
  const { size } = await Deno.stat(path);
  // The lines are sent without their CRs.
  const sent = size - bad.length;
  const end = { phase: "sending", bytes: sent, totalBytes: sent, bets: 11 };
  assertEquals([progress[0], progress.at(-1)] as unknown[], [
    { phase: "reading", bytes: size, totalBytes: undefined, bets: 0 },
    end,
  ]);
});

test("send() throws an error of the right class", async () => {
  await using central = new FakeCentral(
    play(take(), errorFrame(Code.UNAUTHORIZED, undefined, "who?")),
    () => Promise.resolve(),
  );
  const refused = await assertRejects(() => agencyOf(central).send(betsOf(1)));
  assert(refused instanceof RefusedError);
  assertEquals(refused.error, "UNAUTHORIZED");
  await assertRejects(
    () => agencyOf(central).send(betsOf(1)),
    UnreachableError,
  );
  await assertRejects(
    () => new Agency({ id: 1, server: "nowhere" }).send(betsOf(1)),
    ProgramError,
    'Cannot use server: it is "nowhere", expected an address',
  );
  for (const id of [0, -1, 1.5, NaN, 4294967296]) {
    assertThrows(() => new Agency({ id, server: "localhost:1" }), RangeError);
  }
  const signal = AbortSignal.abort("enough");
  const stopped = agencyOf(central).send(betsOf(1), { signal });
  assertEquals(await stopped.catch((reason: unknown) => reason), "enough");
});

test("check() finds all rows that would be refused, and sends nothing", async (dir) => {
  const path = `${dir}/bets.csv`;
  const bad = rows(1500).map((row, i) => i % 10 === 3 ? row.with(2, "x") : row);
  await Deno.writeTextFile(path, `no bet\n${csvOf(bad)}`);
  const lines: number[] = [];
  const log = CapturedLog.start();
  const agency = new Agency({ id: 1, server: "127.0.0.1:1" });
  const summary = await agency.check(path, {
    onRefused: ({ line }) => lines.push(line),
  });
  const expected = [1, ...Array.from({ length: 150 }, (_, i) => 5 + 10 * i)];
  assertEquals(lines.toSorted((a, b) => a - b), expected);
  assertEquals([summary.records, summary.refused], [1501, 151]);
  // Each problem is logged, and in the order of the file.
  assertEquals(log.values(/^ERROR .* line: (\d+) /).map(Number), expected);
  const stopping = new AbortController();
  const stopped = agency.check(path, {
    signal: stopping.signal,
    onRefused: () => stopping.abort("stop"),
  });
  assertEquals(await stopped.catch((reason: unknown) => reason), "stop");
  lines.length = 0;
  const unread = agency.check(path, {
    signal: AbortSignal.abort("stop"),
    onRefused: ({ line }) => lines.push(line),
  });
  assertEquals(await unread.catch((reason: unknown) => reason), "stop");
  assertEquals(lines, []);
  await Deno.writeTextFile(path, "%PDF-");
  await assertRejects(() => agency.check(path), ProgramError, "it is a PDF");
});

test("send() twice at once leaves one whole file of refused rows", async (dir) => {
  const path = `${dir}/bets.csv`;
  const bad = "no bet at all\n".repeat(5000);
  await Deno.writeTextFile(
    path,
    `${csvOf(rows(20)).replaceAll("\r", "")}${bad}`,
  );
  await using central = new FakeCentral(serve);
  const options = {
    rejectedFile: "{file}.rejected.csv",
    sentFolder: `${dir}/sent`,
  };
  const stopped = new AbortController();
  const runs = [
    agencyOf(central).send(path, options),
    agencyOf(central).send(path, options),
    agencyOf(central).send(path, { ...options, signal: stopped.signal }),
  ];
  stopped.abort("stopped");
  const ends = await Promise.allSettled(runs);
  assertEquals(ends.map(({ status }) => status), [
    ...["fulfilled", "fulfilled", "rejected"],
  ]);
  assertEquals(await Deno.readTextFile(`${path}.rejected.csv`), bad);
  const names = await Array.fromAsync(Deno.readDir(dir));
  assertEquals(names.length, 3);
});

test("send() sends nothing if the copy of refused rows cannot be written", async (dir) => {
  const path = `${dir}/bets.csv`;
  await Deno.writeTextFile(path, csvOf(rows(20)));
  await using central = new FakeCentral(serve);
  await assertProblem(
    () => agencyOf(central).send(path, { rejectedFile: `${dir}/none/x.csv` }),
    `${dir}/none/x.csv`,
  );
  assertEquals(central.connections, 0);
});
