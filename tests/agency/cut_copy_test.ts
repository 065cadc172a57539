import { assertEquals, assertRejects } from "@std/assert";
import { Agency, type Summary, UnreachableError } from "../../client.ts";
import { decodeBatch, decodeFinish } from "../../protocol/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  answer,
  FakeCentral,
  okAll,
  play,
  type Script,
  take,
} from "../support/fake_central.ts";
import { testInFolder } from "../support/folder.ts";
import { Code, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const [first, second, third] = rows(3);
const BAD = "no bet\r\n";
const FILE = "a.csv";
const COPY = "a.csv.rejected.csv";

/** The identity and index of each batch, and what FINISH says is stored. */
interface Sent extends Summary {
  batches: (readonly [string, number])[];
  finished: number | undefined;
}

async function send(
  dir: string,
  name: string,
  text: string,
  ...scripts: Script[]
): Promise<Sent> {
  CapturedLog.start();
  await Deno.writeTextFile(`${dir}/${name}`, text);
  await using central = new FakeCentral(...scripts, okAll);
  const agency = new Agency({
    id: 9,
    server: `127.0.0.1:${central.port}`,
    maxAttempts: 1,
  });
  const summary = await agency.send(`${dir}/${name}`, {
    sentFolder: `${dir}/sent`,
    rejectedFile: "{file}.rejected.csv",
  });
  const batches = central.taken.filter(({ type }) => type === Type.BET)
    .map(({ payload }) => decodeBatch(payload))
    .map(({ fingerprint, betIndex }) => [fingerprint, betIndex] as const);
  const finish = central.taken.find(({ type }) => type === Type.FINISH);
  const finished = finish && decodeFinish(finish.payload).delivery?.records;
  return { ...summary, batches, finished };
}

/** Sends the copy's only batch, and gets no reply. */
async function cutOff(dir: string): Promise<void> {
  await assertRejects(
    () => send(dir, COPY, csvOf([second!, third!]), play(take())),
    UnreachableError,
  );
}

testInFolder(
  "send() brings the rows of a copy whose run was cut off, with its identity",
  async (dir) => {
    const bad = csvOf([first!]) + BAD + BAD;
    const { batches: [batch], finished } = await send(dir, FILE, bad);
    assertEquals(finished, 3);
    const [id] = batch!;
    await cutOff(dir);
    const whole = csvOf([first!, second!, third!]);
    const corrected = await send(dir, FILE, whole);
    const [, [copied] = []] = corrected.batches;
    assertEquals(corrected.batches, [[id!, 0], [copied!, 0], [copied!, 1]]);
    assertEquals(copied === id, false);
    assertEquals([corrected.stored, corrected.isFinished], [3, true]);
    // Now it is known where they are.
    assertEquals((await send(dir, FILE, whole)).batches, [[id!, 0]]);
    const known = play(answer(frame(Type.OK, Uint8Array.of(0, 2))), okAll);
    const again = await send(dir, COPY, csvOf([second!, third!]), known);
    assertEquals([again.batches, again.isFinished], [[[copied!, 0]], true]);
  },
);

testInFolder(
  "send() does not finish with a row that neither file nor copy has stored",
  async (dir) => {
    await send(dir, FILE, csvOf([first!]) + BAD + BAD);
    await cutOff(dir);
    // The first row is stored as this file's, the second as the copy's.
    const { batches: [, [copied] = []], finished } = await send(
      dir,
      FILE,
      csvOf([first!, second!]) + BAD,
    );
    assertEquals(finished, 2);
    const whole = await send(dir, FILE, csvOf([first!, second!, third!]));
    assertEquals(whole.batches.at(-1), [copied!, 1]);
    assertEquals([whole.stored, whole.isFinished], [2, true]);
  },
);

testInFolder(
  "a run to the end does not forget what one of its copy may have stored",
  async (dir) => {
    const good = csvOf([first!]);
    const { batches: [[id] = []] } = await send(dir, FILE, good + BAD + BAD);
    const corrected = good + BAD + csvOf([third!]);
    await assertRejects(
      () => send(dir, FILE, corrected, play(take())),
      UnreachableError,
    );
    await cutOff(dir);
    await send(dir, FILE, corrected);
    const { batches } = await send(dir, COPY, csvOf([second!, third!]));
    assertEquals(batches, [[id!, 1]]);
  },
);

testInFolder(
  "an old version of a copy that its file has completed leaves out the same rows",
  async (dir) => {
    const [, , , fourth] = rows(4);
    const old = csvOf([second!, third!, fourth!.with(3, "1999-02-29")]);
    await send(dir, FILE, csvOf([first!]) + BAD + BAD + BAD);
    await send(dir, COPY, csvOf([second!]) + BAD + BAD);
    await assertRejects(
      () => send(dir, COPY, old, play(take())),
      UnreachableError,
    );
    const { batches } = await send(dir, FILE, csvOf(rows(4)));
    const [copy] = batches.at(-1)!;
    const refuse = play(
      answer(errorFrame(Code.INVALID_BET, 1, "no")),
      answer(frame(Type.OK, Uint8Array.of(0, 1))),
      okAll,
    );
    for (let run = 0; run < 2; run++) {
      const again = await send(dir, COPY, old, refuse);
      assertEquals(again.batches, [[copy, 1], [copy, 1]]);
    }
  },
);
