import { assert, assertEquals } from "@std/assert";
import {
  CORRECTED,
  type Delivering,
  Desk,
  FILE,
  ROWS,
} from "../../support/desk.ts";
import { csvOf, rows } from "../../support/rows.ts";

/** The file with another name in one row. */
function changed(index: number): string {
  return csvOf(ROWS.with(index, ROWS[index]!.with(1, "Otro")));
}

Desk.test("identify() refuses a changed file if a run with its old content was cut off", async (desk) => {
  await desk.deliver(FILE, CORRECTED, { isCut: true });
  await desk.refuses(
    FILE,
    changed(1),
    "it was changed since; put it back as it was, send it to its end and only then correct it, or",
  );
  const part = `line 1 is a row of "${desk.dir}/${FILE}", whose run of 2`;
  await desk.refuses("b.csv", changed(1), part);
  await desk.deliver(FILE, CORRECTED);
});

Desk.test("send() refuses a file of which all rows changed since a run that was killed before it linked the path", async (desk) => {
  await desk.deliver(FILE, CORRECTED, { isCut: true });
  for await (const { name } of Deno.readDir(desk.sent)) {
    if (name.includes("-path-")) await Deno.remove(`${desk.sent}/${name}`);
  }
  const other = csvOf(rows(6, 90));
  await desk.refuses(
    FILE,
    other,
    "it was changed since; put it back as it was",
  );
  await desk.deliver(FILE, CORRECTED);
  await desk.deliver("b.csv", other);
});

const MANY = rows(6000);

/** Files with rows of a delivery that was cut off, and the first such line. */
const PARTS: Record<string, [cutOff: string, text: string, line: number]> = {
  "without its header": [
    `a,b,document,date,number\n${CORRECTED}`,
    CORRECTED,
    1,
  ],
  "without its first rows": [CORRECTED, csvOf(ROWS.slice(4)), 1],
  "with one of its rows": [CORRECTED, csvOf([...rows(3, 90), ROWS[4]!]), 4],
  "with quotes and semicolons": [
    CORRECTED,
    csvOf(ROWS.slice(1)).replaceAll(",", ";").replaceAll("Núñez", '"Núñez"'),
    1,
  ],
  // Of 6000 rows, one in 23 or 24 is sampled, chunk by chunk.
  "with a piece of it": [csvOf(MANY), csvOf(MANY.slice(5701, 5725)), 9],
};

for (const [what, [cutOff, text, line]] of Object.entries(PARTS)) {
  Desk.test(`identify() refuses a file ${what} until the run that was cut off is completed`, async (desk) => {
    await desk.deliver(FILE, cutOff, { isCut: true });
    const separator = text.includes(";") ? ";" : ",";
    const row =
      `line ${line} is a row of "${desk.dir}/${FILE}", whose run of 2`;
    const advice =
      " was cut off and may be partly stored; send that file to its end first";
    for (const problem of [row, advice]) {
      await desk.refuses("b.csv", text, problem, { separator });
    }
    await desk.deliver("c.csv", csvOf(rows(9, 9000)));
    // Once that delivery is complete, the same rows are new bets.
    await desk.deliver(FILE, cutOff);
    await desk.deliver("b.csv", text, { separator });
  });
}

Desk.test("identify() gives each delivery of the same content its own identity", async (desk) => {
  const send = (options: Delivering, name = FILE) =>
    desk.deliver(name, CORRECTED, options);
  const first = await send({});
  const second = await send({ isNew: true, isCut: true });
  // A delivery that was cut off goes on, with --as-new and without.
  assertEquals(await send({ isNew: true, isCut: true }), second);
  assertEquals(await send({}), second);
  // A complete delivery that was cut off later does not go on with --as-new.
  assertEquals(await send({ isCut: true }), second);
  const third = await send({ isNew: true, isCut: true });
  // Another file with the same content is another delivery.
  const fourth = await send({ isNew: true }, "b.csv");
  assertEquals(new Set([first, second, third, fourth]).size, 4);
});

Desk.test("identify() goes on with the delivery that was cut off, even if its time is older", async (desk) => {
  const first = await desk.deliver(FILE, CORRECTED);
  const cut = { isNew: true, isCut: true };
  const second = await desk.deliver(FILE, CORRECTED, cut);
  for (const path of desk.entries) {
    const text = await Deno.readTextFile(path);
    const at = path.includes(second) ? "2020" : "2040";
    const later = text.replaceAll(/(?<="(?:at|begunAt)":")\d+/g, at);
    await Deno.writeTextFile(path, later);
  }
  for (const options of [cut, { isCut: true }, {}]) {
    assertEquals(await desk.deliver(FILE, CORRECTED, options), second);
  }
  assert(first !== second);
});
