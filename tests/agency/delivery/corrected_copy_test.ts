import { assertEquals } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { COPY, CORRECTED, ROWS, send } from "../../support/deliveries.ts";
import { testInFolder } from "../../support/folder.ts";
import { csvOf, rows } from "../../support/rows.ts";

const REFUSED = [0, 2];
const BAD = csvOf(
  ROWS.map((row, i) => REFUSED.includes(i) ? row.with(3, "17/03/1999") : row),
);
const BAD_ROWS = csvOf(REFUSED.map((i) => ROWS[i]!.with(3, "17/03/1999")));
const GOOD_ROWS = csvOf(REFUSED.map((i) => ROWS[i]!));
const NEXT_DAY = csvOf(
  ROWS.map((row, i) => row.with(4, String(100 + i))),
);

/** What would be done with a text, without a trace. */
async function lookAt(
  dir: string,
  text: string,
  { name = "new.csv", isNew = false } = {},
): Promise<{ leftOut: number[]; brings: number }> {
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text);
  using file = await openFile(path, {});
  const folder = new SentFolder(`${dir}/sent`, 1);
  const delivery = await identify(file, folder, isNew);
  const brings = delivery.others.brought.length;
  return { leftOut: delivery.leftOut.values(), brings };
}

/** The names of what is still to be sent or corrected. */
function openIn(dir: string): string[] {
  return new SentFolder(`${dir}/sent`, 1).openBut({ id: "" })
    .map(({ path = "-" }) => path.slice(path.lastIndexOf("/") + 1));
}

async function sendBad(dir: string): Promise<void> {
  await send(dir, BAD, { refused: REFUSED, copy: BAD_ROWS });
}

/** Names of the copy: its own, and another. */
for (const name of [COPY, "renamed.csv"]) {
  testInFolder(
    `a corrected copy completes its file, as ${name}`,
    async (dir) => {
      await sendBad(dir);
      assertEquals(openIn(dir), ["a.csv"]);
      assertEquals(await lookAt(dir, GOOD_ROWS, { name }), {
        leftOut: [],
        brings: 2,
      });
      await send(dir, GOOD_ROWS, { name });
      assertEquals(openIn(dir), []);
      // In the file they are left out.
      assertEquals(
        (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
        REFUSED,
      );
      await send(dir, CORRECTED);
      assertEquals(
        (await lookAt(dir, BAD, { name: "a.csv" })).leftOut,
        REFUSED,
      );
      assertEquals(openIn(dir), []);
    },
  );

  testInFolder(
    `the copy of rows that were corrected in the file is left out, as ${name}`,
    async (dir) => {
      await sendBad(dir);
      await send(dir, CORRECTED);
      const all = { leftOut: [0, 1], brings: 0 };
      assertEquals(await lookAt(dir, GOOD_ROWS, { name }), all);
      assertEquals(
        await lookAt(dir, GOOD_ROWS, { name, isNew: true }),
        { leftOut: [], brings: 0 },
      );
    },
  );

  testInFolder(
    `a copy that is sent unchanged asks in one place, as ${name}`,
    async (dir) => {
      await sendBad(dir);
      await send(dir, BAD_ROWS, { name, refused: [0, 1] });
      assertEquals(openIn(dir), [name]);
      await send(dir, CORRECTED);
      assertEquals(openIn(dir), []);
      assertEquals((await lookAt(dir, GOOD_ROWS, { name })).leftOut, [0, 1]);
      assertEquals((await lookAt(dir, GOOD_ROWS)).leftOut, [0, 1]);
    },
  );
}

testInFolder("a copy may be split, and corrected by parts", async (dir) => {
  await sendBad(dir);
  const [first = "", second = ""] = GOOD_ROWS.trimEnd().split("\r\n");
  await send(dir, `${first}\r\n`, { name: "p1.csv" });
  assertEquals(openIn(dir), ["a.csv"]);
  await send(dir, `${second}\r\n`, { name: "p2.csv" });
  assertEquals(openIn(dir), []);
  assertEquals(
    (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
    REFUSED,
  );
});

testInFolder("rows are known in a longer file of several", async (dir) => {
  await sendBad(dir);
  const other = csvOf([rows(1, 50)[0]!.with(3, "1999")]);
  await send(dir, other, { name: "b.csv", refused: [0] });
  const all = csvOf([...rows(9, 70), ROWS[0]!, ROWS[2]!, ...rows(1, 50)]);
  assertEquals((await lookAt(dir, all)).brings, 3);
  await send(dir, all, { name: "all.csv" });
  assertEquals(openIn(dir), []);
  assertEquals(
    (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
    REFUSED,
  );
});

testInFolder("a part of a copy that was sent may be stored", async (dir) => {
  await sendBad(dir);
  await send(dir, GOOD_ROWS, { name: COPY, isCut: true });
  assertEquals(
    (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
    REFUSED,
  );
  // The copy goes on.
  assertEquals((await lookAt(dir, GOOD_ROWS, { name: COPY })).leftOut, []);
});

testInFolder("a correction that was cut off may be stored", async (dir) => {
  await sendBad(dir);
  await send(dir, CORRECTED, { isCut: true });
  assertEquals((await lookAt(dir, GOOD_ROWS)).leftOut, [0, 1]);
});

testInFolder("the copy of what is left brings only that", async (dir) => {
  await sendBad(dir);
  const half = csvOf(ROWS.with(2, ROWS[2]!.with(3, "17/03/1999")));
  const rest = csvOf([ROWS[2]!.with(3, "17/03/1999")]);
  await send(dir, half, { refused: [2], copy: rest });
  assertEquals(await lookAt(dir, GOOD_ROWS, { name: "old.csv" }), {
    leftOut: [0],
    brings: 1,
  });
  await send(dir, csvOf([ROWS[2]!]), { name: COPY });
  assertEquals(openIn(dir), []);
  assertEquals((await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut, [2]);
});

testInFolder("other bets of the same people are new", async (dir) => {
  await sendBad(dir);
  const none = { leftOut: [], brings: 0 };
  assertEquals(await lookAt(dir, NEXT_DAY), none);
  await send(dir, CORRECTED);
  assertEquals(await lookAt(dir, NEXT_DAY), none);
});

testInFolder("--as-new sends all, and completes other files", async (dir) => {
  await sendBad(dir);
  await send(dir, GOOD_ROWS, { name: COPY, isNew: true });
  assertEquals(openIn(dir), []);
  assertEquals(
    (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
    REFUSED,
  );
});

testInFolder("a row without a key is known in its copy only", async (dir) => {
  const bad = csvOf(ROWS).replace(/^.*\r\n/, "Luis,Sosa,1987\r\n");
  const good = csvOf([ROWS[0]!]);
  await send(dir, bad, { refused: [0], copy: "Luis,Sosa,1987\r\n" });
  assertEquals((await lookAt(dir, good)).brings, 0);
  assertEquals((await lookAt(dir, good, { name: COPY })).brings, 1);
  await send(dir, good, { name: COPY });
  assertEquals(openIn(dir), []);
  // Then its key is known.
  assertEquals((await lookAt(dir, good + csvOf(rows(1, 90)))).leftOut, [0]);
  assertEquals((await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut, [0]);
});

testInFolder("the same bet twice is two bets", async (dir) => {
  const twice = BAD_ROWS.replaceAll(/^.*\r\n/gm, csvOf([ROWS[0]!.with(3, "")]));
  await send(dir, csvOf(rows(6, 30)) + twice, { refused: [6, 7] });
  const one = csvOf([ROWS[0]!]);
  await send(dir, one, { name: "p1.csv" });
  assertEquals(openIn(dir), ["a.csv"]);
  assertEquals((await lookAt(dir, one + csvOf(rows(1, 90)))).brings, 1);
});
