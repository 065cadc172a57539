import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import operationsPage from "../../docs/operations.md" with { type: "text" };
import { FileStore, verifyStore } from "../../storage/mod.ts";
import { startProgram, testPrograms as test } from "../support/programs.ts";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { fencedBlocks } from "../support/markdown.ts";
import { rows } from "../support/rows.ts";
import { runTool } from "../support/tool.ts";
import { Wire } from "../support/wire.ts";

const BLOCKS = fencedBlocks(operationsPage);
const COPIES = 5;
const BATCH = 100;
const WINDOW = 8;
const DRAW_AGENCIES = 10;

/** Sends batches as fast as they are answered, until it is stopped. */
class Sender {
  acknowledged = 0;
  isStopped = false;

  async run(port: number): Promise<void> {
    using wire = await Wire.connect(port);
    for (let sent = 0; !this.isStopped || this.acknowledged < sent;) {
      while (!this.isStopped && sent < this.acknowledged + WINDOW * BATCH) {
        await wire.send(betFrame({ betIndex: sent, rows: rows(BATCH, sent) }));
        sent += BATCH;
      }
      await wire.ok();
      this.acknowledged += BATCH;
    }
  }
}

async function runBlock(dir: string, name: string): Promise<void> {
  const script = `set -e; cd '${dir}'\n${BLOCKS.get(name)}`;
  assertEquals(await runTool("sh", ["-c", script]), { code: 0, output: "" });
}

test("a copy taken while the central runs has every bet that was acknowledged", async (dir) => {
  await Deno.mkdir(`${dir}/.data`);
  const storeFile = `${dir}/.data/bets.csv`;
  await using central = startProgram("server", {
    SERVER_PORT: "0",
    SERVER_STORE_FILE: storeFile,
    SERVER_DRAW_AGENCIES: String(DRAW_AGENCIES),
  });
  const [, port] = await central.line(/action: listen .* port: (\d+)/);
  const sender = new Sender();
  const sending = sender.run(Number(port));
  for (let copy = 1; copy <= COPIES; copy++) {
    using other = await Wire.connect(Number(port));
    await other.ask(agencyFrame(Type.FINISH, 1 + copy));
    const { acknowledged } = sender;
    await runBlock(dir, "sh backup");
    const store = await FileStore.open(`${dir}/backup/bets.csv`, {
      drawAgencies: DRAW_AGENCIES,
    });
    assertGreaterOrEqual(store.stats.bets, acknowledged);
    assertEquals(store.stats.finished.size, copy);
    await store.close();
  }
  sender.isStopped = true;
  await sending;
  await runBlock(dir, "sh backup");
  await central.stop();

  await Deno.remove(storeFile);
  await runBlock(dir, "sh restore");
  const { bets, fault } = await verifyStore(storeFile);
  assertEquals([bets, fault], [sender.acknowledged, undefined]);
});
