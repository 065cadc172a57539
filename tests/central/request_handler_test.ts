import { assert, assertEquals, assertRejects } from "@std/assert";
import { Draw } from "../../central/draw.ts";
import {
  RequestHandler,
  type RequestOptions,
} from "../../central/request_handler.ts";
import { Statistics } from "../../central/statistics.ts";
import type { Connection } from "../../net/connection.ts";
import { encodeFinish, HEADER_BYTES } from "../../protocol/mod.ts";
import {
  BettingClosedError,
  IncompleteError,
  StorageError,
  type Store,
} from "../../storage/mod.ts";
import { FINGERPRINT } from "../support/batches.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  agencyFrame,
  authFrame,
  betFrame,
  Code,
  frame,
  readError,
  Type,
} from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import "../support/watchdog.ts";

interface Parts extends Partial<RequestOptions> {
  append?: () => Promise<number>;
  finish?: Store["finish"];
  agencies?: number;
}

/** A handler, with what it logs and counts. */
function start(parts: Parts) {
  const log = CapturedLog.start();
  const statistics = new Statistics();
  const {
    append = () => Promise.resolve(0),
    finish = () => Promise.resolve(),
    agencies = 0,
  } = parts;
  const handler = new RequestHandler({} as Connection, {
    store: {
      writer: () => ({ append, [Symbol.dispose]: () => {} }),
      finish,
    },
    draw: new Draw({
      winners: () => ["1", "2"],
      draw: { agencies, isHeld: true, held: new Promise(() => {}) },
    }),
    ip: "192.0.2.1",
    statistics,
    ending: new AbortController().signal,
    ...parts,
  });
  const handle = async (bytes: Uint8Array) => {
    const payload = bytes.subarray(HEADER_BYTES);
    const reply = bytes[0] === Type.BET
      ? await handler.handleBatch(payload)
      : await handler.handleOther({ type: bytes[0]!, payload });
    const [type] = reply.frame;
    return {
      ...{ type: type!, payload: reply.frame.slice(HEADER_BYTES) },
      closes: reply.closes,
    };
  };
  return { handle, log, statistics };
}

const BAD = [["x", "x", "1", "2000-01-01", "x"]] as const;
const UNKNOWN = "agency: 3 | error: UNKNOWN_AGENCY | reason: Cannot serve";

/** A request, its reply, what is logged of it, and what is counted. */
const REQUESTS: [
  name: string,
  request: Uint8Array,
  parts: Parts,
  reply: [code: number | "OK", closes: boolean],
  line: string,
  counted: { accepted?: number; refused?: number; bets?: number },
][] = [
  [
    "a batch",
    betFrame({ agency: 3, rows: rows(2) }),
    {},
    ["OK", false],
    "INFO action: apuesta_recibida | result: success | cantidad: 2 | agency: 3",
    { accepted: 1, bets: 0 },
  ],
  [
    "a batch with an invalid bet",
    betFrame({ agency: 3, rows: [...rows(2), ...BAD] }),
    {},
    [Code.INVALID_BET, false],
    "ERROR action: apuesta_recibida | result: fail | cantidad: 3 | agency: 3 | error: INVALID_BET | reason: Cannot take bet: number",
    { refused: 1, bets: 3 },
  ],
  [
    "a malformed batch",
    frame(Type.BET, new Uint8Array(3)),
    {},
    [Code.MALFORMED, true],
    "ERROR action: apuesta_recibida | result: fail | cantidad: 0 | error: MALFORMED | reason: ",
    { refused: 1 },
  ],
  [
    "a batch after the draw",
    betFrame({ agency: 3, rows: rows(2) }),
    { append: () => Promise.reject(new BettingClosedError()) },
    [Code.BETTING_CLOSED, false],
    "ERROR action: apuesta_recibida | result: fail | cantidad: 2 | agency: 3 | error: BETTING_CLOSED | reason: Cannot take bets: the draw has been held",
    { refused: 1, bets: 2 },
  ],
  [
    "a batch that cannot be stored",
    betFrame({ agency: 3, rows: rows(2) }),
    {
      append: () => Promise.reject(new StorageError("Cannot write: no space")),
    },
    [Code.STORAGE, true],
    "ERROR action: apuesta_recibida | result: fail | cantidad: 2 | agency: 3 | error: STORAGE | reason: Cannot write: no space",
    { refused: 1, bets: 2 },
  ],
  [
    "a batch of an agency without part",
    betFrame({ agency: 3, rows: rows(2) }),
    { agencies: 2 },
    [Code.UNKNOWN_AGENCY, false],
    `ERROR action: apuesta_recibida | result: fail | cantidad: 2 | ${UNKNOWN}`,
    { refused: 1, bets: 2 },
  ],
  [
    "another agency's batch",
    betFrame({ agency: 3, rows: rows(2) }),
    { authorizedAgency: 1 },
    [Code.UNAUTHORIZED, true],
    "ERROR action: apuesta_recibida | result: fail | cantidad: 2 | agency: 3 | error: UNAUTHORIZED | reason: Cannot serve agency 3: this connection is agency 1's",
    { refused: 1, bets: 2 },
  ],
  [
    "a FINISH",
    agencyFrame(Type.FINISH, 3),
    {},
    ["OK", true],
    "INFO action: agency_finished | result: success | agency: 3",
    { bets: 0 },
  ],
  [
    "a FINISH too early",
    encodeFinish({
      agency: 3,
      delivery: { fingerprint: FINGERPRINT, records: 4 },
    }),
    {
      finish(agency, delivery) {
        const { records } = delivery!;
        const missing = { missing: 1, records, hasFinished: false };
        return Promise.reject(new IncompleteError(agency, missing));
      },
    },
    [Code.INCOMPLETE, true],
    "ERROR action: receive_message | result: fail | ip: 192.0.2.1 | error: INCOMPLETE | reason: Cannot finish agency 3: 1 of 4 bets",
    { bets: 0 },
  ],
  [
    "a WINNERS_QUERY",
    agencyFrame(Type.WINNERS_QUERY, 3),
    { agencies: 3 },
    ["OK", false],
    "INFO action: consulta_ganadores | result: success | agency: 3 | cant_ganadores: 2 | ip: 192.0.2.1",
    { bets: 0 },
  ],
  ...(["FINISH", "WINNERS_QUERY"] as const).flatMap(
    (name): typeof REQUESTS => [
      [
        `another agency's ${name}`,
        agencyFrame(Type[name], 3),
        { agencies: 3, authorizedAgency: 1 },
        [Code.UNAUTHORIZED, true],
        "ERROR action: receive_message | result: fail | ip: 192.0.2.1 | error: UNAUTHORIZED | reason: Cannot serve",
        {},
      ],
      [
        `a ${name} of an agency without part`,
        agencyFrame(Type[name], 3),
        { agencies: 2 },
        [Code.UNKNOWN_AGENCY, false],
        "ERROR action: receive_message | result: fail | ip: 192.0.2.1 | error: UNKNOWN_AGENCY | reason: Cannot serve agency 3: only agencies 1 to 2",
        { bets: 0 },
      ],
    ],
  ),
  [
    "a second AUTH",
    authFrame(3, "token"),
    { authorizedAgency: 3 },
    [Code.MALFORMED, true],
    "ERROR action: receive_message | result: fail | ip: 192.0.2.1 | error: MALFORMED | reason: ",
    {},
  ],
  [
    "an unknown type",
    frame(99),
    {},
    [Code.UNKNOWN_TYPE, true],
    "ERROR action: receive_message | result: fail | ip: 192.0.2.1 | error: UNKNOWN_TYPE | reason: Cannot take message: no agency sends type 99",
    {},
  ],
];

for (const [name, request, parts, [code, closes], line, counted] of REQUESTS) {
  Deno.test(`RequestHandler answers, logs and counts ${name}`, async () => {
    const { handle, log, statistics } = start(parts);
    const reply = await handle(request);
    if (reply.type === Type.OK) assertEquals(reply.payload.length, 0);
    if (code === "OK") assert(reply.type !== Type.ERROR);
    else assertEquals(readError(reply).code, code);
    assertEquals(reply.closes, closes);
    assertEquals(log.lines.length, 1);
    assertEquals(log.lines[0]?.slice(0, line.length), line);
    const { acceptedBatches, refusedBatches, refusals } = statistics;
    const { accepted = 0, refused = 0, bets } = counted;
    assertEquals([acceptedBatches, refusedBatches], [accepted, refused]);
    const total = [...refusals.values()].reduce((sum, count) => sum + count);
    assertEquals(total, code === "OK" ? 0 : 1);
    const activity = statistics.activityOf(3);
    assertEquals([activity?.refused, activity?.address], [
      ...[bets, bets === undefined ? undefined : "192.0.2.1"],
    ]);
  });
}

Deno.test("RequestHandler knows the agency of a FINISH that it refuses", async () => {
  const { handle, log } = start({ agencies: 2 });
  await handle(agencyFrame(Type.FINISH, 3));
  await handle(agencyFrame(Type.WINNERS_QUERY, 1));
  assertEquals(
    log.lines.at(-1),
    "WARN action: consulta_ganadores | result: success | agency: 1 | cant_ganadores: 2 | connection_agency: 3 | ip: 192.0.2.1",
  );
});

Deno.test("handleBatch() says how many were repeated", async () => {
  const { handle } = start({ append: () => Promise.resolve(258) });
  const { type, payload } = await handle(betFrame({ rows: rows(3) }));
  assertEquals([type, ...payload], [Type.OK, 1, 2]);
});

Deno.test("RequestHandler hands on a bug of the central", async () => {
  const { handle } = start({
    append: () => Promise.reject(new TypeError("a slip")),
  });
  await assertRejects(
    () => handle(betFrame({ rows: rows(3) })),
    TypeError,
    "a slip",
  );
});

Deno.test("handleBatch() counts bets before the store reuses their buffer", async () => {
  const bytes = betFrame({ rows: rows(3) });
  const { handle, log } = start({
    append: () => {
      // The next frame is read into the same buffer while the store works.
      bytes.fill(0xff);
      return Promise.resolve(0);
    },
  });
  await handle(bytes);
  const line = log.lines.find((line) => line.includes("apuesta_recibida"));
  assertEquals(line?.match(/cantidad: \d+/)?.[0], "cantidad: 3");
});
