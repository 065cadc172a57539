import { within } from "../support/deadline.ts";
import { assertEquals } from "@std/assert";
import { betOf, finish, WINNERS } from "../support/draw_wire.ts";
import {
  assertEnding,
  assertFailure,
  testPrograms,
} from "../support/end_to_end.ts";
import { agencyFrame, frame, Type } from "../support/frames.ts";
import {
  type RunningProgram,
  startAgency,
  startCentral,
  startProgram,
} from "../support/programs.ts";
import { csvOf, rows } from "../support/rows.ts";
import { Wire } from "../support/wire.ts";

const QUERY = agencyFrame(Type.WINNERS_QUERY, 1).slice(5);
/** The documents "12" and "3". */
const TWO_WINNERS = frame(
  WINNERS,
  Uint8Array.of(1, 0, 2, 2, 0x31, 0x32, 1, 0x33),
);
/** The document "9", and more to come. */
const FIRST_PART = frame(WINNERS, Uint8Array.of(0, 0, 1, 1, 0x39));

/** A fake central: the test accepts and replies. */
class ManualCentral {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  /** Where it listens, on this machine. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Accepts the next connection. */
  async next(): Promise<Wire> {
    return new Wire(
      await within(this.#listener.accept(), () => "no connection comes"),
    );
  }

  /** Accepts a connection, reads up to its FINISH, and closes it. */
  async nextFinish(): Promise<void> {
    using wire = await this.next();
    for (;;) {
      const next = await wire.reply();
      await wire.send(frame(Type.OK));
      if (next?.type === Type.FINISH) return;
      assertEquals(next?.type, Type.BET);
    }
  }

  /** Accepts a connection that asks for the winners. */
  async nextQuery(): Promise<Wire> {
    const wire = await this.next();
    const query = { type: Type.WINNERS_QUERY, payload: QUERY };
    assertEquals(await wire.reply(), query);
    return wire;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** Starts an agency that waits for the draw. */
async function startAwaiting(
  dir: string,
  port: number,
  env: Record<string, string> = {},
): Promise<RunningProgram> {
  const file = `${dir}/agency.csv`;
  await Deno.writeTextFile(file, csvOf(rows(3)));
  return startAgency(1, file, port, {
    CLI_DRAW_AWAIT: "true",
    CLI_RETRY_BASEDELAY: "1ms",
    ...env,
  });
}

testPrograms(
  "client.ts asks for its winners and logs them",
  async (dir) => {
    using central = new ManualCentral();
    await using agency = await startAwaiting(dir, central.port, {
      CLI_LOG_LEVEL: "DEBUG",
    });
    await central.nextFinish();
    using asking = await central.nextQuery();
    await asking.send(FIRST_PART, TWO_WINNERS);
    const log = assertEnding(await agency.ending(), 0);
    assertEquals(log.slice(-4), [
      "INFO action: consulta_ganadores | result: success | cant_ganadores: 3",
      "DEBUG action: winner | result: success | document: 9",
      "DEBUG action: winner | result: success | document: 12",
      "DEBUG action: winner | result: success | document: 3",
    ]);
  },
);

testPrograms(
  "client.ts --winners waits for the draw and writes the winners to a file",
  async (dir) => {
    await using central = await startCentral(`${dir}/bets.csv`, {
      SERVER_DRAW_AGENCIES: "2",
    });
    await finish(central.port, 2);
    const file = `${dir}/agency.csv`;
    const bets = [betOf("0012"), betOf("2", "2"), betOf("7574"), betOf("x")];
    await Deno.writeTextFile(file, csvOf(bets));
    const env = {
      CLI_ID: "1",
      CLI_AGENCY_FILE: file,
      CLI_SERVER_ADDRESS: `127.0.0.1:${central.port}`,
      CLI_BATCH_MAXAMOUNT: "1",
    };
    const winners = `${dir}/winners.txt`;
    await Deno.writeTextFile(winners, "what was there before\n".repeat(9));
    await using first = startProgram("client", env, [
      ...["--finish-anyway", "--winners", winners],
    ]);
    // One row was refused nevertheless.
    assertEnding(await first.ending(), 2);
    assertEquals(await Deno.readTextFile(winners), "0012\n7574\n");
    const nowhere = `${dir}/nowhere/winners.txt`;
    await using second = startProgram("client", env, ["--winners", nowhere]);
    assertFailure(
      await second.ending(),
      /^client: Cannot write winners ".*nowhere\/winners.txt": No such file/,
    );
  },
);

testPrograms(
  "client.ts says in one line that there is no draw for it",
  async (dir) => {
    await using central = await startCentral(`${dir}/bets.csv`);
    await using agency = await startAwaiting(dir, central.port);
    assertFailure(
      await agency.ending(),
      /^client: Cannot ask for the winners: the central answered UNKNOWN_AGENCY: /,
    );
    assertEnding(await central.stop(), 0);
  },
);

testPrograms("client.ts stops while it waits for the draw", async (dir) => {
  await using central = await startCentral(`${dir}/bets.csv`, {
    SERVER_DRAW_AGENCIES: "2",
  });
  await using agency = await startAwaiting(dir, central.port);
  await central.line(/consulta_ganadores \| result: in_progress/);
  const log = assertEnding(await agency.stop(), 0);
  assertEquals(log.slice(-3), [
    "INFO action: close_connection | result: success",
    "INFO action: close_file | result: success",
    "INFO action: stop | result: success | signal: SIGTERM",
  ]);
  await central.line(/Cannot send agency 1 its winners: it disconnected/);
});
