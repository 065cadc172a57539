import { assertEquals, assertMatch } from "@std/assert";
import { startProgram } from "../support/programs.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { RecordingAgency } from "./recording_agency.ts";

const TIMES = times(2, 20);
const OKS = 10;

testFault(
  "a second central on a store names its holder, and the first continues",
  async ({ dir, random }) => {
    await using first = await CrashingCentral.start(`${dir}/bets.csv`);
    const alias = `${dir}/alias.csv`;
    await Deno.symlink(first.store, alias);
    const { port } = first;
    const recorder = new RecordingAgency({
      agency: 2,
      port,
      random,
    });
    async function startSeconds(): Promise<void> {
      for (let i = 0; i < TIMES; i++) {
        await recorder.moreOks(OKS);
        assertMatch(
          await refusal(first.store),
          new RegExp(
            `^server: Cannot open store .* process ${first.program.pid}\n$`,
          ),
        );
        assertMatch(
          await refusal(alias),
          /^server: Cannot open store .* held by another process\n$/,
        );
      }
      await recorder.moreOks(OKS);
      recorder.finish();
    }
    await Promise.all([startSeconds(), recorder.run()]);
    await first.stop();
    await assertStoredOnce(first.store, [recorder.acknowledged]);
  },
);

/** The message of a central whose store is held. */
async function refusal(store: string): Promise<string> {
  await using second = startProgram("server", {
    SERVER_STORE_FILE: store,
    SERVER_PORT: "0",
  });
  const { code, stderr } = await second.ending();
  assertEquals(code, 1);
  return stderr;
}
