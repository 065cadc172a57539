import { assertEquals, assertFalse } from "@std/assert";
import { type Central, FileStore } from "../../server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  askWinners,
  betOf,
  finish,
  readWinners,
  sendBets,
} from "../support/draw_wire.ts";
import { testInFolder } from "../support/folder.ts";
import type { FaultFile } from "../support/fault_file.ts";
import { openFaulty } from "../support/faulty_store.ts";
import { agencyFrame, betFrame, Code, Type } from "../support/frames.ts";
import { everyTurn } from "../support/memory_log.ts";
import { askEarly, listen } from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

const LATE = betFrame({ betIndex: 1, rows: [betOf("11")] });
const FINISH = agencyFrame(Type.FINISH, 1);

/** A central that gets a winning bet while the last agency finishes. */
interface LateWinner {
  central: Central;
  log: CapturedLog;
  file: FaultFile;
  /** The connection that sent the winning bet; its commit is under way. */
  betting: Wire;
  /** The connection that sent FINISH. */
  finishing: Wire;
  /** The connection that asked for the winners. */
  asking: Wire;
  /** Lets the disk continue. */
  release(): void;
}

/** Registers a test. One winner is stored first, then the disk is blocked. */
function testLateWinner(
  name: string,
  fn: (late: LateWinner) => Promise<void>,
  expected: string[],
): void {
  testInFolder(name, async (dir) => {
    const log = CapturedLog.start();
    const path = `${dir}/bets.csv`;
    const { store, file } = await openFaulty(path, { drawAgencies: 1 });
    {
      await using central = listen(store);
      const { port } = central;
      await sendBets(port, 1, [betOf("1")]);
      const [asking] = await askEarly({ port, log }, [1]);
      using betting = await Wire.connect(port);
      using finishing = await Wire.connect(port);
      const gate = file.hold("syncData");
      await betting.send(LATE);
      await gate.reached;
      await finishing.send(FINISH);
      await bettingClosed(store);
      assertFalse(log.lines.some((line) => line.includes("sorteo")));
      const { release } = gate;
      await fn({
        central,
        log,
        file,
        betting,
        finishing,
        asking: asking!,
        release,
      });
      asking!.close();
    }
    await store.close();
    const reopened = await FileStore.open(path, { drawAgencies: 1 });
    await using central = listen(reopened);
    assertEquals(await askWinners(central.port, 1), expected);
    // By the central that has recorded it, and by no other.
    const held = log.lines.filter((line) => line.includes("sorteo"));
    assertEquals(held.length, 1);
    await central.stop();
    await reopened.close();
  }, ["net"]);
}

/** Waits until the draw has closed the betting and waits for the store. */
async function bettingClosed({ stats }: FileStore): Promise<void> {
  while (!stats.finished.has(1)) await everyTurn();
}

testLateWinner(
  "the draw waits for a winning bet, and its repetition, whose commit is under way",
  async ({ central, log, betting, finishing, asking, release }) => {
    using again = await Wire.connect(central.port);
    using late = await Wire.connect(central.port);
    await again.send(LATE);
    await late.send(betFrame({ betIndex: 2, rows: [betOf("111")] }));
    using other = await Wire.connect(central.port);
    const invalid = betFrame({ rows: [betOf("x")] });
    assertEquals((await other.refusal(invalid)).code, Code.INVALID_BET);
    release();
    await betting.ok();
    await again.ok();
    assertEquals((await late.refusal()).code, Code.BETTING_CLOSED);
    await finishing.ok();
    assertEquals(await readWinners(asking), [["1", "11"]]);
    await log.line("INFO action: sorteo | result: success");
  },
  ["1", "11"],
);

testLateWinner(
  "the draw is not held while the disk fails, and has its final result at the next start",
  async ({ central, log, file, betting, finishing, asking, release }) => {
    file.fail("syncData");
    file.fail("truncate");
    release();
    assertEquals((await betting.refusal()).code, Code.STORAGE);
    assertEquals((await finishing.refusal()).code, Code.STORAGE);
    // Only the next start can tell whether it is on disk.
    using again = await Wire.connect(central.port);
    assertEquals((await again.refusal(LATE)).code, Code.STORAGE);
    await sendBets(central.port, 1, [betOf("1")]);
    await finish(central.port, 1);
    await central.stop();
    assertEquals((await asking.refusal()).code, Code.SHUTTING_DOWN);
    assertFalse(log.lines.some((line) => line.includes("sorteo")));
  },
  // The file could not be cut back.
  ["1", "11"],
);
