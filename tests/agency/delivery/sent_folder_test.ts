import { assertEquals } from "@std/assert";
import { newDelivery } from "../../../agency/delivery/sent_delivery.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { contents, testInFolder as test } from "../../support/folder.ts";

const ID = "0123456789abcdef";
const BEGUN = { ...newDelivery(ID, 1), begunAt: new Date(0).toISOString() };
const COMPLETE = { ...BEGUN, begunAt: undefined, isComplete: true };

test("SentFolder reads the later of two entries that a killed run has left", async (dir) => {
  for (const [name, later] of Object.entries({ BEGUN, COMPLETE })) {
    const path = `${dir}/${name}`;
    const folder = new SentFolder(path, 1);
    folder.update(later === BEGUN ? COMPLETE : BEGUN);
    const [[entry, text] = []] = Object.entries(await contents(path));
    folder.update(later);
    await Deno.writeTextFile(`${path}/${entry}`, text!);
    assertEquals(folder.withId(ID)?.isComplete, later.isComplete);
    const open = folder.otherOpen({ id: "fedcba9876543210" });
    assertEquals(open.length, later === BEGUN ? 1 : 0);
    // The next one replaces both.
    folder.update(later);
    assertEquals(Object.keys(await contents(path)).length, 1);
  }
});
