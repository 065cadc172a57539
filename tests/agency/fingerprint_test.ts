import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { fingerprintFile } from "../../agency/fingerprint.ts";
import { testInFolder } from "../support/folder.ts";

const FOUR_MIB = 1 << 22;

for (const size of [0, 1, 1000, FOUR_MIB, FOUR_MIB + 1, FOUR_MIB + 300_000]) {
  testInFolder(
    `fingerprintFile() is the start of the SHA-256 of ${size} bytes`,
    async (dir) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 31);
      const expected = createHash("sha256").update(bytes).digest("hex");
      await Deno.writeFile(`${dir}/bets.csv`, bytes);
      assertEquals(
        await fingerprintFile(`${dir}/bets.csv`),
        expected.slice(0, 16),
      );
    },
  );
}

testInFolder("fingerprintFile() stops when it is told to", async (dir) => {
  await Deno.writeFile(`${dir}/bets.csv`, new Uint8Array(FOUR_MIB + 1));
  const stopped = AbortSignal.abort(new Error("stopped"));
  await assertRejects(
    () => fingerprintFile(`${dir}/bets.csv`, stopped),
    Error,
    "stopped",
  );
});
