import { assertEquals } from "@std/assert";
import { AgencyTurns } from "../../postgres/agency_turns.ts";
import { everyTurn } from "../support/deadline.ts";

/** Turns of items of the form `agency:item`, which the test ends. */
function openTurns(atOnce: number, maxGroup = 1) {
  const started: string[][] = [];
  const ends: (() => void)[] = [];
  const turns = new AgencyTurns<string>({
    atOnce,
    groupLength: () => maxGroup,
    run(group) {
      started.push([...group]);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      return promise;
    },
  });
  return {
    turns,
    started,
    add(...items: string[]) {
      for (const item of items) turns.add(parseInt(item), item);
      return everyTurn();
    },
    /** Ends turns, by their number from 0. */
    end(...numbers: number[]) {
      for (const number of numbers) ends[number]!();
      return everyTurn();
    },
  };
}

Deno.test("AgencyTurns serves agencies in turn, each once at a time", async () => {
  const { turns, started, add, end } = openTurns(2);
  await add("1:a", "1:b", "1:c", "2:a", "3:a", "2:b");
  assertEquals(started.flat(), ["1:a", "2:a"]);
  await end(1);
  assertEquals(started.flat(), ["1:a", "2:a", "3:a"]);
  // Agency 1 is still served, so agency 2 has its turn before.
  await end(2);
  assertEquals(started.flat().at(-1), "2:b");
  await end(3);
  assertEquals(started.length, 4);
  await end(0);
  assertEquals(started.flat().at(-1), "1:b");
  await add("4:a");
  await end(4);
  await end(5, 6);
  assertEquals(started.flat().slice(-2).toSorted(), ["1:c", "4:a"]);
  await turns.whenIdle();
});

Deno.test("AgencyTurns groups what comes in one turn of the event loop", async () => {
  const { started, add, end } = openTurns(1, 2);
  await add("1:a", "1:b", "1:c");
  await add("1:d", "1:e");
  await end(0);
  await end(1);
  await end(2);
  assertEquals(started, [["1:a", "1:b"], ["1:c", "1:d"], ["1:e"]]);
});

Deno.test("AgencyTurns.drain() removes what waits, of one agency or of all", async () => {
  const { turns, started, add, end } = openTurns(1);
  await add("1:a", "1:b", "2:a", "1:c", "3:a");
  assertEquals(turns.drain(1), ["1:b", "1:c"]);
  assertEquals(turns.drain(1), []);
  assertEquals(turns.drain(), ["2:a", "3:a"]);
  await end(0);
  await turns.whenIdle();
  assertEquals(started, [["1:a"]]);
});
