import { assertEquals, assertRejects } from "@std/assert";
import { Start, startedBut } from "../../../agency/delivery/start.ts";
import { testInFolder } from "../../support/folder.ts";

testInFolder("takeTurn() waits for other runs of the agency", async (dir) => {
  const order: string[] = [];
  const first = new Start(dir, 1);
  await first.mark("-");
  await first.takeTurn();
  using second = new Start(dir, 1);
  const turn = second.takeTurn().then(() => {
    order.push(`second, ${startedBut(dir, 1, "other").length} started`);
  });
  using other = new Start(dir, 2);
  await other.takeTurn();
  order.push("first");
  first[Symbol.dispose]();
  await turn;
  assertEquals(order, ["first", "second, 0 started"]);
});

testInFolder("takeTurn() can be aborted", async (dir) => {
  using first = new Start(dir, 1);
  await first.takeTurn();
  const controller = new AbortController();
  const second = new Start(dir, 1, controller.signal);
  const aborted = assertRejects(() => second.takeTurn(), Error, "stopped");
  controller.abort(new Error("stopped"));
  await aborted;
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

testInFolder("takeTurn() does not wait without a folder", async (dir) => {
  for (const folder of ["", `${dir}/none`]) {
    using first = new Start(folder, 1);
    await first.takeTurn();
    using second = new Start(folder, 1);
    await second.takeTurn();
  }
});
