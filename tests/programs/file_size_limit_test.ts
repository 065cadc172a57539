import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { betFrame, Code, readError, Type } from "../support/frames.ts";
import { startProgram } from "../support/programs.ts";
import { rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";
import { runTool, testTools } from "../support/tool.ts";
import { Wire } from "../support/wire.ts";

/** Bytes of the first batch's rows and a part of the second's. */
const LIMIT_BYTES = 2_000;
const ROWS = 30;

testTools(
  ["prlimit"],
  "a file-size limit does not end the central: new bets get STORAGE",
  async (dir) => {
    const storeFile = `${dir}/bets.csv`;
    const env = { SERVER_PORT: "0", SERVER_STORE_FILE: storeFile };
    await using central = startProgram("server", env);
    const [, port] = await central.line(/action: listen .* port: (\d+)/);
    const limit = async (bytes: number | "unlimited") =>
      await runTool("prlimit", [`--pid=${central.pid}`, `--fsize=${bytes}:`]);
    const send = async (betIndex: number) => {
      using wire = await Wire.connect(Number(port));
      return await wire.ask(betFrame({ betIndex, rows: rows(ROWS, betIndex) }));
    };

    assertEquals(await limit(LIMIT_BYTES), { code: 0, output: "" });
    assertEquals((await send(0))?.type, Type.OK);
    for (let attempt = 0; attempt < 2; attempt++) {
      const { code, reason } = readError(await send(ROWS));
      assertEquals(code, Code.STORAGE);
      assertMatch(reason, /File too large/);
    }
    await limit("unlimited");
    assertEquals((await send(ROWS))?.type, Type.OK);
    const { code, stdout, stderr } = await central.stop();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "File too large");
    assertEquals((await readBets(storeFile)).get(1)?.length, 2 * ROWS);
  },
);
