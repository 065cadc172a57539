import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import {
  CORRECTED,
  recordsOf,
  ROWS,
  send,
  type Sending,
  WITH_BAD,
} from "../../support/deliveries.ts";
import { testInFolder } from "../../support/folder.ts";
import { csvOf, rows } from "../../support/rows.ts";
import { runTool, testTools } from "../../support/tool.ts";
import { replace } from "../../support/replaced.ts";

/** A row of which another part was changed. */
function changed(index: number): string {
  return csvOf(ROWS.with(index, ROWS[index]!.with(1, "Otro")));
}

const BAD = { refused: [2] };
const THREE_BAD = csvOf(ROWS.map((row, i) => i < 3 ? row.with(2, "x") : row));
const ONE_BAD = csvOf(ROWS.with(0, ROWS[0]!.with(2, "x")));
const SAVED_AGAIN = `\ufeff${
  CORRECTED.replaceAll("\r", "").replaceAll("Núñez", '"Núñez"')
}`;

/** Texts that are sent one after the other, and are one delivery. */
const SAME: Record<string, [text: string, options?: Sending][]> = {
  "content again, under any name": [
    [CORRECTED],
    [CORRECTED],
    [CORRECTED, { name: "b.csv" }],
    [CORRECTED.replaceAll("\r", "")],
  ],
  // Of the first version, too, nothing is stored twice.
  "a corrected file, and its first version": [
    [WITH_BAD, BAD],
    [CORRECTED],
    [CORRECTED],
    [WITH_BAD, BAD],
  ],
  "a file corrected in several steps": [
    [THREE_BAD, { refused: [0, 1, 2] }],
    [ONE_BAD, { refused: [0] }],
    [CORRECTED],
  ],
  "a corrected file with other line ends and quotes": [
    [WITH_BAD, BAD],
    [SAVED_AGAIN],
  ],
  "a correction that was cut off": [
    [WITH_BAD, BAD],
    [CORRECTED, { isCut: true }],
    [CORRECTED],
  ],
};

for (const [what, runs] of Object.entries(SAME)) {
  testInFolder(`identify() knows ${what}`, async (dir) => {
    const ids = new Set<string>();
    for (const [text, options] of runs) ids.add(await send(dir, text, options));
    assertEquals(ids.size, 1);
  });
}

testInFolder(
  "identify() refuses a change in a row whose correction is stored",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2] });
    await send(dir, CORRECTED);
    await assertRejects(
      () => send(dir, changed(2)),
      ProgramError,
      ", and line 3 was changed since; ",
    );
  },
);

/** Other changes, where they are, and how the message names that place. */
const CHANGES: [name: string, text: string, where: string][] = [
  ["a row that was stored", changed(4), "line 5 was changed since"],
  ["the first row", changed(0), "line 1 was changed since"],
  ["the last row", changed(5), "line 6 was changed since"],
  ["two more rows", CORRECTED + csvOf(rows(2, 90)), "it has 2 more rows now"],
  [
    "a row less",
    csvOf(ROWS.slice(0, 5)),
    "it has 1 fewer row now (put back what was deleted, and send it with --finish-anyway to finish without refused rows)",
  ],
  [
    "a row between",
    csvOf(ROWS.toSpliced(3, 0, ...rows(1, 90))),
    "line 4 was changed since, and it has 1 more row now",
  ],
  [
    "a row that cannot be sent",
    CORRECTED.replace("Ana Sofía,Núñez,2", "2"),
    "line 2 was changed since",
  ],
  [
    "two rows exchanged",
    csvOf(ROWS.with(3, ROWS[4]!).with(4, ROWS[3]!)),
    "line 4 was changed since",
  ],
];

for (const [name, text, where] of CHANGES) {
  testInFolder(
    `identify() refuses a file with a change in ${name}`,
    async (dir) => {
      const id = await send(dir, WITH_BAD, { refused: [2] });
      const error = await assertRejects(() => send(dir, text), ProgramError);
      assert(error.message.includes(`, and ${where}; `), error.message);
      assert(error.message.includes("--as-new"), error.message);
      const other = await send(dir, text, { isNew: true });
      assert(other !== id);
      assertEquals(await send(dir, text), other);
    },
  );
}

testInFolder(
  "identify() takes a file for new if no row of the last one was stored",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [0, 1, 2, 3, 4, 5] });
    assert(await send(dir, changed(1)) !== id);
    assert(await send(dir, csvOf(rows(20, 60)), { name: "b.csv" }) !== id);
  },
);

testInFolder(
  "identify() leaves the choice if a file of another name has few equal rows",
  async (dir) => {
    // Fewer than five, and no more than half.
    for (const [count, kept] of [[6, 2], [6, 4], [10, 5]] as const) {
      const all = rows(count, 100 * kept);
      const bad = csvOf(
        all.map((row, i) => i < kept ? row : row.with(2, "x")),
      );
      const refused = all.map((_, i) => i).slice(kept);
      const id = await send(dir, bad, { name: `${kept}.csv`, refused });
      const name = `tomorrow-${kept}.csv`;
      const error = await assertRejects(
        () => send(dir, csvOf(all), { name }),
        ProgramError,
      );
      const path = `${await Deno.realPath(dir)}/${kept}.csv`;
      assert(error.message.includes(`it may be "${path}", sent on `));
      assert(await send(dir, csvOf(all), { name, isNew: true }) !== id);
    }
    const other = csvOf(rows(6, 70));
    await send(dir, other, { name: "other.csv" });
  },
);

testInFolder(
  "identify() refuses a changed file of which a part was sent",
  async (dir) => {
    await send(dir, CORRECTED, { isCut: true });
    await assertRejects(
      () => send(dir, changed(1)),
      ProgramError,
      "it was changed since; put it back as it was, send it to its end and only then correct it, or",
    );
    const path = `${await Deno.realPath(dir)}/a.csv`;
    await assertRejects(
      () => send(dir, changed(1), { name: "b.csv" }),
      ProgramError,
      `it may be "${path}", of which a part may be stored since 2`,
    );
    await send(dir, CORRECTED);
  },
);

const MANY = rows(6000);

/** Other files with rows of one that was cut off, and the first one's line. */
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
  // Of 6000 rows one in 23 or 24 is remembered, chunk by chunk.
  "with a piece of it": [csvOf(MANY), csvOf(MANY.slice(5701, 5725)), 9],
};

for (const [what, [cutOff, text, line]] of Object.entries(PARTS)) {
  testInFolder(
    `identify() refuses a file ${what} while a run is cut off`,
    async (dir) => {
      await send(dir, cutOff, { isCut: true });
      const separator = text.includes(";") ? ";" : ",";
      const path = `${await Deno.realPath(dir)}/a.csv`;
      const error = await assertRejects(
        () => send(dir, text, { name: "b.csv", separator }),
        ProgramError,
        `it may be "${path}", of which a part may be stored since 2`,
      );
      assertStringIncludes(
        error.message,
        `, and line ${line} is a row of it; first send that to its end`,
      );
      await send(dir, csvOf(rows(9, 9000)), { name: "c.csv" });
      // Once it is complete, the same bets are bets of another day.
      await send(dir, cutOff);
      await send(dir, text, { name: "b.csv", separator });
    },
  );
}

testInFolder("identify() names a place in a large file", async (dir) => {
  const many = rows(5000);
  const bad = csvOf(many.with(0, many[0]!.with(2, "x")));
  await send(dir, bad, { refused: [0] });
  const other = csvOf(many.with(4000, many[4000]!.with(0, "Otra")));
  await assertRejects(
    () => send(dir, other),
    ProgramError,
    "a row from line 4001 on, before line 4006, was changed since",
  );
});

testInFolder("identify() gives copies identities of their own", async (dir) => {
  const first = await send(dir, CORRECTED);
  const second = await send(dir, CORRECTED, { isNew: true, isCut: true });
  // A copy that was cut off goes on, with the flag and without.
  assertEquals(
    await send(dir, CORRECTED, { isNew: true, isCut: true }),
    second,
  );
  assertEquals(await send(dir, CORRECTED), second);
  // One that was sent before does not go on as new.
  assertEquals(await send(dir, CORRECTED, { isCut: true }), second);
  const third = await send(dir, CORRECTED, { isNew: true, isCut: true });
  // Another file with the same content is another copy.
  const fourth = await send(dir, CORRECTED, { name: "b.csv", isNew: true });
  assertEquals(new Set([first, second, third, fourth]).size, 4);
});

testTools(
  ["mkfifo"],
  "identify() does not compare what comes through a named pipe",
  async (dir) => {
    const pipe = { name: "pipe", isPipe: true };
    await runTool("mkfifo", [`${dir}/pipe`]);
    const id = await send(dir, CORRECTED, pipe);
    assert(await send(dir, csvOf(rows(9)), pipe) !== id);
    assertEquals(await send(dir, CORRECTED, pipe), id);
    const bad = csvOf(rows(3).with(0, ["x", "", "", "", ""]));
    await send(dir, bad, { ...pipe, refused: [0] });
    await assertRejects(
      () => send(dir, csvOf(rows(3)), pipe),
      ProgramError,
      "it may be what came through a pipe, sent on ",
    );
  },
);

testInFolder("identify() finds a version of any earlier file", async (dir) => {
  const id = await send(dir, WITH_BAD, BAD);
  for (const from of [50, 90]) {
    const others = rows(6, from);
    const bad = csvOf(others.with(2, others[2]!.with(2, "x")));
    await send(dir, bad, { name: `${from}.csv`, ...BAD });
  }
  assertEquals(await send(dir, CORRECTED, { name: "b.csv" }), id);
});

testInFolder(
  "a delivery is remembered on disk, not only its links",
  async (dir) => {
    let flushes = 0;
    using _flushes = replace(Deno.FsFile.prototype, {
      syncDataSync: () => void flushes++,
    });
    await send(dir, WITH_BAD, BAD);
    assertEquals(flushes, 2, "when it begins, and when it ends");
  },
);

testInFolder(
  "identify() knows nothing of another agency's files",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2] });
    await send(dir, changed(4), { agency: 2 });
  },
);

testInFolder(
  "identify() takes each file for new without a memory",
  async (dir) => {
    const log = CapturedLog.start();
    await Deno.writeTextFile(`${dir}/sent`, "not a folder");
    const id = await send(dir, WITH_BAD, { refused: [2] });
    assert(await send(dir, CORRECTED) !== id);
    assert(log.lines.length > 0);
    for (const line of log.lines) {
      assert(
        line.startsWith("WARN action: remember_delivery | result: fail"),
        line,
      );
      assertStringIncludes(
        line,
        "its bets may be stored twice | hint: make it",
      );
    }
  },
);

testInFolder(
  "identify() stops at a damaged record that may be of the file",
  async (dir) => {
    const id = await send(dir, WITH_BAD, BAD);
    const [record] = await recordsOf(dir);
    const text = await Deno.readTextFile(record!);
    for (
      const damaged of [
        ...["", "null", "{}", '{"version":2}', text.slice(0, 99)],
        ...['"2-"', '"6"', '"2,9"', "2"].map((refused) =>
          text.replace(/("refused":)"2"/, `$1${refused}`)
        ),
        ...["id", "content", "version", "at", "records"].map((name) =>
          text.replace(new RegExp(`("${name}":)("[^"]+"|\\d+)`), "$1[]")
        ),
        text.replace(id, "0".repeat(16)),
      ]
    ) {
      await Deno.writeTextFile(record!, damaged);
      for (const sent of [WITH_BAD, CORRECTED]) {
        await assertRejects(
          () => send(dir, sent),
          ProgramError,
          `Cannot tell what was sent before: "${record}" is damaged (`,
        );
      }
    }
    // It has its content's name, so it is not about other content.
    await Deno.writeTextFile(record!, text);
    await send(dir, CORRECTED);
    const other = csvOf(rows(20, 50));
    await send(dir, other, { name: "b.csv" });
    for (const path of await recordsOf(dir)) {
      if (!path.includes(id)) await Deno.writeTextFile(path, "");
    }
    assertEquals(await send(dir, CORRECTED), id);
    await assertRejects(() => send(dir, other), ProgramError, "is damaged (");
  },
);

testInFolder("identify() finds what a damaged link named", async (dir) => {
  await send(dir, WITH_BAD, BAD);
  for await (const { name } of Deno.readDir(`${dir}/sent`)) {
    if (name.includes("-path-")) {
      await Deno.writeTextFile(`${dir}/sent/${name}`, "");
    }
  }
  await assertRejects(() => send(dir, changed(4)), ProgramError, "line 5 was");
});

testInFolder(
  "identify() goes on with a copy that was cut off while the clock was ahead",
  async (dir) => {
    const first = await send(dir, CORRECTED);
    const second = await send(dir, CORRECTED, { isNew: true, isCut: true });
    for (const path of await recordsOf(dir)) {
      const text = await Deno.readTextFile(path);
      const at = path.includes(second) ? "2020" : "2040";
      const later = text.replaceAll(/(?<="(?:at|begunAt)":")\d+/g, at);
      await Deno.writeTextFile(path, later);
    }
    for (const isNew of [true, false]) {
      const options = { isNew, isCut: true };
      assertEquals(await send(dir, CORRECTED, options), second);
    }
    assertEquals(await send(dir, CORRECTED), second);
    assert(first !== second);
  },
);

testInFolder("save() keeps deliveries private", async (dir) => {
  await send(dir, CORRECTED);
  const names = await Array.fromAsync(Deno.readDir(`${dir}/sent`));
  for (const { name } of names) {
    const { mode } = await Deno.stat(`${dir}/sent/${name}`);
    assertEquals(mode! & 0o777, 0o600);
  }
  assertEquals((await Deno.stat(`${dir}/sent`)).mode! & 0o777, 0o700);
});
