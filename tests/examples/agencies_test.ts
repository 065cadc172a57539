import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import {
  type Ending,
  endingOf,
  PROJECT,
  startAgency,
  startCentral,
  testPrograms as test,
} from "../support/programs.ts";
import { FakeCentral, play, serve, take } from "../support/fake_central.ts";
import { Code, frame, Type } from "../support/frames.ts";
import { testReading } from "../support/permissions.ts";
import { csvOf, csvRow, rows } from "../support/rows.ts";

/** Returns the command that runs each language's agency. */
const LANGUAGES: Record<string, (dir: string) => Promise<string[]>> = {
  async Python(): Promise<string[]> {
    await endingOf("python3", { args: ["--version"] });
    return ["python3", `${PROJECT}examples/agency.py`];
  },
  async Go(dir: string): Promise<string[]> {
    const agency = `${dir}/agency`;
    await endingOf("go", {
      args: ["build", "-o", agency, `${PROJECT}examples/agency.go`],
    });
    return [agency];
  },
};
const GOOD = [
  ["Ángela", 'Ñandú "Mary"', "30904465", "1999-03-17", "2201"],
  ["Ana", "Gil, hija", "00123456", "2000-02-29", "7574"],
  ...rows(400),
];

for (const language of Object.keys(LANGUAGES)) {
  testAgency(language, "stores what client.ts stores", async (dir, send) => {
    const file = `${dir}/bets.csv`;
    const [first, second, ...others] = GOOD.map(csvRow);
    // A byte order mark, blank records, a short one, bad bets, both line ends.
    await Deno.writeTextFile(
      file,
      `\ufeff${first}\n, ,,,\n\n${second}\ntoo,few\nA,B,1,2000-02-30,5\n${
        others.join("\r\n")
      }\r\nC,D,x,2000-01-01,5`,
    );
    const store = `${dir}/store.csv`;
    await using central = await startCentral(store);
    const { code, stdout, stderr } = await send(central.port, file);
    assertEquals([code, stdout], [2, "405 records, 3 refused\n"], stderr);
    assertStringIncludes(stderr, "record 4 is refused: Cannot take bet");
    const stored = await Deno.readTextFile(store);
    assertEquals(parse(stored).map((row) => row.slice(0, 6)), [
      ...GOOD.map((bet) => ["3", ...bet]),
    ]);

    // Sending the file again adds nothing, with any of the agencies.
    await startAgency(3, file, central.port).ending();
    await send(central.port, file);
    assertEquals(await Deno.readTextFile(store), stored);
    await central.stop();
  });

  testAgency(language, "tries again what may succeed", async (dir, send) => {
    const file = `${dir}/bets.csv`;
    await Deno.writeTextFile(file, csvOf(rows(200)));
    const busy = Uint8Array.of(Code.BUSY, 255, 255, 0x78);
    await using central = new FakeCentral(
      take(),
      play(frame(Type.ERROR, busy)),
      serve,
    );
    const { code, stderr } = await send(central.port, file);
    assertEquals([code, central.connections], [0, 3], stderr);
    const names = ["0+150", "0+150", "150+50", "FINISH"];
    assertEquals(central.names, names);
  });

  testAgency(language, "says why it cannot go on", async (dir, send) => {
    const file = `${dir}/bets.csv`;
    await Deno.writeTextFile(file, csvOf(rows(1)));
    await using central = await startCentral(`${dir}/store.csv`, {
      SERVER_DRAW_AGENCIES: "2",
    });
    const { code, stderr } = await send(central.port, file);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "agency 3");
    await central.stop();
  });
}

testReading("examples/agency.py has fewer than 80 lines", async () => {
  const text = await Deno.readTextFile(`${PROJECT}examples/agency.py`);
  assert(text.trimEnd().split("\n").length < 80);
});

/** Sends a file as agency 3. */
type Send = (port: number, file: string) => Promise<Ending>;

/** Registers a test that does nothing where the language is not installed. */
function testAgency(
  language: string,
  name: string,
  fn: (dir: string, send: Send) => Promise<void>,
): void {
  test(`the agency in ${language} ${name}`, async (dir) => {
    const command = await LANGUAGES[language]!(dir).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (!command) return;
    await fn(
      dir,
      (port, file) => {
        const [program, ...args] = command;
        const address = `127.0.0.1:${port}`;
        return endingOf(program!, { args: [...args, "3", address, file] });
      },
    );
  });
}
