import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import type { Snapshot } from "../../../central/status/snapshot.ts";
import { StatusServer } from "../../../central/status/status_server.ts";
import { delay } from "../../support/deadline.ts";
import { agencyFrame, betFrame, frame, Type } from "../../support/frames.ts";
import { parseMetrics } from "../../support/metrics.ts";
import { rows } from "../../support/rows.ts";
import { get, type Shown, testShown as test } from "../../support/shown.ts";
import "../../support/watchdog.ts";
import { Wire } from "../../support/wire.ts";
import { replace } from "../../support/replaced.ts";

/** Three batches, one refused; agency 1 finishes, and asks for its winners. */
async function send({ port, log }: Shown): Promise<void> {
  using wire = await Wire.connect(port);
  for (const betIndex of [0, 10]) {
    await wire.ask(betFrame({ betIndex, rows: rows(10, 1 + betIndex) }));
  }
  await wire.ask(betFrame({ rows: [["", "x", "1", "2000-01-01", "1"]] }));
  await wire.ask(frame(99));
  using second = await Wire.connect(port);
  await second.ask(agencyFrame(Type.FINISH, 1));
  await log.line("close_connection | result: success");
}

const OPEN_METRICS = /^application\/openmetrics-text; version=1\.0\.0/;
const PLAIN_TEXT = /^text\/plain; version=0\.0\.4/;
/** What clients accept: curl, Prometheus 2 and 3, and special cases. */
const ACCEPTED: readonly [accept: string, contentType: RegExp][] = [
  ["*/*", PLAIN_TEXT],
  ["", PLAIN_TEXT],
  ["text/plain", PLAIN_TEXT],
  ["text/html, */*;q=0.1", PLAIN_TEXT],
  ["application/openmetrics-text", OPEN_METRICS],
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    OPEN_METRICS,
  ],
  ["text/plain;version=0.0.4, Application/OpenMetrics-Text;q=0.2", PLAIN_TEXT],
  ["text/plain;q=0.5, application/openmetrics-text", OPEN_METRICS],
  ["application/openmetrics-text;q=0", PLAIN_TEXT],
  ["*/*, application/openmetrics-text;q=0.9", PLAIN_TEXT],
  ["text/*, application/openmetrics-text;q=0.9", PLAIN_TEXT],
  ["image/*, application/openmetrics-text;q=0.9", OPEN_METRICS],
];

test("a page that fails is a 500, and a line with the reason", async ({ url, log }) => {
  {
    using _failing = replace(Deno, {
      memoryUsage(): never {
        throw new Error("no memory usage");
      },
    });
    const { status, text } = await get(`${url}metrics`);
    assertEquals([status, text], [500, "Internal Server Error"]);
  }
  const line = await log.line("status | result: fail");
  assertMatch(line, /^CRITICAL .*error: Error: no memory usage\\u000a +at /);
  assertEquals((await get(`${url}metrics`)).status, 200);
});

test("/metrics counts what a run has done", async (shown) => {
  await send(shown);
  for (const [accept, contentType] of ACCEPTED) {
    const { headers, text } = await get(`${shown.url}metrics`, { accept });
    assertMatch(headers.get("content-type")!, contentType);
    const metrics = parseMetrics(text, contentType === OPEN_METRICS);
    const expected: Record<string, number> = {
      'loteria_batches_total{result="ok"}': 2,
      'loteria_batches_total{result="refused"}': 1,
      'loteria_refusals_total{code="INVALID_BET"}': 1,
      'loteria_refusals_total{code="UNKNOWN_TYPE"}': 1,
      "loteria_bets_stored_total": 20,
      "loteria_connections": 0,
      "loteria_agencies_finished": 1,
      "loteria_draw_held": 0,
      "loteria_commit_duration_seconds_count": 2,
      "loteria_commit_batches_count": 2,
      "loteria_commit_batches_sum": 2,
      'loteria_commit_batches_bucket{le="1.0"}': 2,
    };
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(metrics.get(name), value, name);
    }
    const seconds = metrics.get("loteria_commit_duration_seconds_sum")!;
    assert(seconds > 0 && seconds < 2, `${seconds} s`);
    assertGreater(metrics.get("loteria_store_bytes"), 400);
    assertGreater(metrics.get("process_resident_memory_bytes"), 1e7);
    const uptime = Date.now() / 1000 -
      metrics.get("process_start_time_seconds")!;
    assert(uptime > 0 && uptime < 3600, `${uptime} s`);
  }
});

test(
  "/metrics leaves out what is not known before the store is read",
  async ({ url, show }) => {
    const read = async () =>
      parseMetrics((await get(`${url}metrics`)).text, false);
    const unknown = [
      "loteria_bets_stored_total",
      "loteria_connections",
      "loteria_agencies_finished",
      "loteria_draw_held",
      "loteria_store_bytes",
    ];
    const before = await read();
    assertEquals(unknown.filter((name) => before.has(name)), []);
    assert(before.has('loteria_batches_total{result="ok"}'));
    show();
    const after = await read();
    assertEquals(unknown.map((name) => after.get(name)), [0, 0, 0, 0, 0]);
  },
  { isShown: false },
);

test("/events sends the figures each second", async (shown) => {
  await send(shown);
  const openedAt = performance.now();
  const { body } = await fetch(`${shown.url}events`);
  const events: Pick<
    Snapshot,
    "agencies" | "bets" | "history" | "missing"
  >[] = [];
  for await (const text of body!.pipeThrough(new TextDecoderStream())) {
    // Only the first says how long to wait for another connection.
    assertEquals(text.startsWith("retry: 2000\ndata: "), events.length === 0);
    for (const [, json] of text.matchAll(/^data: (.*)$/gm)) {
      events.push(JSON.parse(json!));
    }
    if (events.length >= 2) break;
  }
  // The second that was under way when the page was opened.
  assertLess(performance.now() - openedAt, 5000);
  for (const { bets, agencies, missing } of events) {
    assertEquals([bets, agencies.length, missing], [20, 1, [2]]);
  }
  assertGreater(events.at(-1)!.history.length, 0);
});

Deno.test("the event streams end before the server", async () => {
  const ended: string[] = [];
  let watch!: () => Response;
  using _serve = replace(Deno, {
    serve(_options: unknown, handle: (request: Request) => Response) {
      watch = () => handle(new Request("http://localhost/events"));
      // Would wait for the end of every answer.
      return { shutdown: () => delay(0).then(() => ended.push("server")) };
    },
  });
  const address = { hostname: "127.0.0.1", port: 0 };
  const status = new StatusServer(address, new Statistics());
  const text = watch().text().then(() => ended.push("stream"));
  await status[Symbol.asyncDispose]();
  await text;
  assertEquals(ended, ["stream", "server"]);
});

test("/ shows all figures without a script, in two languages", async (shown) => {
  await send(shown);
  for (
    const [language, words] of [
      ["es-AR,es;q=0.9,en;q=0.8", "Apuestas guardadas"],
      ["en", "Bets stored"],
      ["", "Bets stored"],
    ]
  ) {
    const response = await fetch(shown.url, {
      headers: { "accept-language": language! },
    });
    const html = await response.text();
    assertStringIncludes(html, `<dt>${words}</dt><dd id="bets">20</dd>`);
    assertMatch(html, /<tr><th scope="row">1<\/th><td>20<\/td><td>1<\/td>/);
    assertEquals(response.headers.get("set-cookie"), null);
    // Nothing is loaded from another origin.
    assertEquals(html.match(/(?:src|href)="(?:https?:)?\/\//g), null);
    assertEquals(html.includes("<script>"), false);
  }
});

test("/events serves at most 64 clients at once", async ({ url }) => {
  // A HEAD request does not count.
  await fetch(`${url}events`, { method: "HEAD" });
  const watchers = await Promise.all(
    Array.from({ length: 64 }, () => fetch(`${url}events`)),
  );
  assert(watchers.every(({ status }) => status === 200));
  const late = await fetch(`${url}events`);
  assertEquals([late.status, late.headers.get("retry-after")], [503, "5"]);
  await late.body?.cancel();
  // A single request is still served.
  for (const path of ["", "metrics", "health", "ready"]) {
    const { status, body } = await fetch(`${url}${path}`);
    await body?.cancel();
    assertEquals(status, 200, path);
  }
  for (const { body } of watchers) await body?.cancel();
  // Their places are free once the server has noticed that they have left.
  for (;;) {
    const next = await fetch(`${url}events`);
    await next.body?.cancel();
    if (next.status === 200) break;
  }
});
