import { assertEquals, assertRejects } from "@std/assert";
import { Agency, type Summary, UnreachableError } from "../../client.ts";
import { decodeBatch } from "../../protocol/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  FakeCentral,
  okAll,
  play,
  type Script,
  take,
} from "../support/fake_central.ts";
import { testInFolder } from "../support/folder.ts";
import { Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const [first, second, third] = rows(3);
const BAD = "no bet\r\n";

testInFolder(
  "send() brings the rows of a copy whose run was cut off, with its identity",
  async (dir) => {
    CapturedLog.start();
    const path = `${dir}/a.csv`;
    const copy = `${path}.rejected.csv`;
    /** Sends a file, and returns the identity and index of each batch. */
    const send = async (name: string, text: string, ...scripts: Script[]) => {
      await Deno.writeTextFile(name, text);
      await using central = new FakeCentral(...scripts, okAll);
      const agency = new Agency({
        id: 9,
        server: `127.0.0.1:${central.port}`,
        maxAttempts: 1,
      });
      const summary: Summary = await agency.send(name, {
        sentFolder: `${dir}/sent`,
        rejectedFile: "{file}.rejected.csv",
      });
      const batches = central.taken.filter(({ type }) => type === Type.BET)
        .map(({ payload }) => decodeBatch(payload))
        .map(({ fingerprint, betIndex }) => [fingerprint, betIndex] as const);
      return { ...summary, batches };
    };
    const { batches: [batch] } = await send(path, csvOf([first!]) + BAD + BAD);
    const [id] = batch!;
    // The copy's only batch gets no reply.
    await assertRejects(
      () => send(copy, csvOf([second!, third!]), play(take())),
      UnreachableError,
    );
    const whole = csvOf([first!, second!, third!]);
    const corrected = await send(path, whole);
    const [, [copied] = []] = corrected.batches;
    assertEquals(corrected.batches, [[id!, 0], [copied!, 0], [copied!, 1]]);
    assertEquals(copied === id, false);
    assertEquals([corrected.stored, corrected.isFinished], [3, true]);
    // Now it is known where they are.
    assertEquals((await send(path, whole)).batches, [[id!, 0]]);
    const again = await send(copy, csvOf([second!, third!]));
    assertEquals([again.batches, again.isFinished], [[[copied!, 0]], true]);
  },
);
