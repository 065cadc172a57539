import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Histogram, Statistics } from "../../central/statistics.ts";
import { renderPage } from "../../central/status/page.ts";
import { type Sources, takeSnapshot } from "../../central/status/snapshot.ts";
import { StatusServer } from "../../central/status/status_server.ts";
import { chooseTexts } from "../../central/status/texts.ts";
import { Central } from "../../server.ts";
import { FileStore } from "../../storage.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder } from "../support/folder.ts";
import { agencyFrame, betFrame, frame, Type } from "../support/frames.ts";
import { parseMetrics } from "../support/metrics.ts";
import { testWith } from "../support/permissions.ts";
import { rows } from "../support/rows.ts";
import { Wire } from "../support/wire.ts";

/** A central with a status page. */
interface Shown {
  port: number;
  url: string;
  log: CapturedLog;
  statistics: Statistics;
}

function testStatus(name: string, fn: (shown: Shown) => Promise<void>): void {
  const { state } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted") return testWith(["net"], name, () => {});
  testInFolder(name, async (dir) => {
    const log = CapturedLog.start();
    const hostname = "127.0.0.1";
    const statistics = new Statistics();
    await using status = await StatusServer.start(
      { hostname, port: 0 },
      statistics,
    );
    const store = await FileStore.open(`${dir}/bets.csv`, {
      onCommit: (batches, seconds) => statistics.onCommit(batches, seconds),
    });
    const listener = Deno.listen({ hostname, port: 0 });
    const central = new Central(listener, store, {
      maxConnections: 10,
      idleTimeoutMs: 60_000,
      drawAgencies: 2,
      statistics,
    });
    status.show(store, central);
    const serving = central.serve();
    const line = await log.line("action: status");
    const [url] = /http:\S+/.exec(line)!;
    try {
      await fn({ port: listener.addr.port, url, log, statistics });
    } finally {
      await central.stop();
      await serving;
      await store.close();
    }
  });
}

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

testStatus("/metrics counts what a run has done", async (shown) => {
  await send(shown);
  for (
    const accept of [undefined, "text/plain", "application/openmetrics-text"]
  ) {
    const response = await fetch(`${shown.url}metrics`, {
      headers: accept ? { accept } : {},
    });
    const isOpenMetrics = accept !== "text/plain";
    assertMatch(
      response.headers.get("content-type")!,
      isOpenMetrics
        ? /^application\/openmetrics-text; version=1\.0\.0/
        : /^text\/plain; version=0\.0\.4/,
    );
    const metrics = parseMetrics(await response.text(), isOpenMetrics);
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
      "loteria_commit_batches_sum": 2,
      'loteria_commit_batches_bucket{le="1.0"}': 2,
    };
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(metrics.get(name), value, name);
    }
    assertGreater(metrics.get("loteria_store_bytes"), 400);
    assertGreater(metrics.get("process_resident_memory_bytes"), 1e7);
    assertGreater(metrics.get("process_cpu_seconds_total"), 0);
  }
});

testStatus("/events sends the figures, and goes on", async (shown) => {
  await send(shown);
  const { body, headers } = await fetch(`${shown.url}events`);
  assertEquals(headers.get("content-type"), "text/event-stream");
  const events: { bets: number; agencies: unknown[]; missing: number[] }[] = [];
  for await (const text of body!.pipeThrough(new TextDecoderStream())) {
    for (const [, json] of text.matchAll(/^data: (.*)$/gm)) {
      events.push(JSON.parse(json!));
    }
    if (events.length >= 2) break;
  }
  for (const { bets, agencies, missing } of events) {
    assertEquals([bets, agencies.length, missing], [20, 1, [2]]);
  }
});

testStatus(
  "/ tells all of it without a script, in two languages",
  async (shown) => {
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
      const policy = response.headers.get("content-security-policy")!;
      assertStringIncludes(policy, "default-src 'none'");
      assertEquals(response.headers.get("set-cookie"), null);
      // Nothing is loaded from another origin.
      assertEquals(html.match(/(?:src|href)="(?:https?:)?\/\//g), null);
      assertEquals(html.includes("<script>"), false);
    }
  },
);

testStatus("only GET and HEAD are answered", async ({ url }) => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const response = await fetch(url, { method });
    await response.body?.cancel();
    assertEquals([method, response.status], [method, 405]);
    assertEquals(response.headers.get("allow"), "GET, HEAD");
  }
  for (const path of ["", "metrics", "health", "ready", "page.js", "events"]) {
    const head = await fetch(url + path, { method: "HEAD" });
    assertEquals([path, head.status, await head.text()], [path, 200, ""]);
  }
  const none = await fetch(`${url}none`);
  assertEquals([none.status, await none.text()], [404, "Not Found"]);
});

testStatus("no more than 64 watch at once", async ({ url }) => {
  const watchers = await Promise.all(
    Array.from({ length: 64 }, () => fetch(`${url}events`)),
  );
  const late = await fetch(`${url}events`);
  assertEquals(late.status, 503);
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

testInFolder("/ready says why no bets are taken", async (dir) => {
  if (Deno.permissions.querySync({ name: "net" }).state !== "granted") return;
  const log = CapturedLog.start();
  const hostname = "127.0.0.1";
  const statistics = new Statistics();
  await using status = await StatusServer.start(
    { hostname, port: 0 },
    statistics,
  );
  const [url] = /http:\S+/.exec(await log.line("action: status"))!;
  const ready = async (): Promise<string> => {
    const response = await fetch(`${url}ready`);
    return `${response.status} ${(await response.text()).trim()}`;
  };
  assertEquals(await ready(), "503 the store is being read");
  const store = await FileStore.open(`${dir}/bets.csv`);
  const listener = Deno.listen({ hostname, port: 0 });
  const central = new Central(listener, store, {
    maxConnections: 10,
    idleTimeoutMs: 60_000,
    statistics,
  });
  const stopping = new AbortController();
  status.show(store, central, stopping.signal);
  assertEquals(await ready(), "200 ok");
  await Deno.remove(`${dir}/bets.csv`);
  await store.lost;
  assertMatch(await ready(), /^503 Cannot trust the store: No such file/);
  stopping.abort();
  assertEquals(await ready(), "503 the central is stopping");
  const health = await fetch(`${url}health`);
  assertEquals(await health.text(), "ok\n");
  listener.close();
  await store.close();
});

/** A store with one bet of each of these agencies. */
function fakeStore(agencies: number[]): NonNullable<Sources["store"]> {
  return {
    bets: agencies.length,
    agencyBets: new Map(agencies.map((agency) => [agency, 1])),
    finished: new Set(),
    problem: undefined,
    sizeBytes: 0,
    winnerCount: () => 0,
  };
}

Deno.test("renderPage() escapes what comes from outside", () => {
  const statistics = new Statistics();
  statistics.onStored(1, '<img src="x">&');
  const sources = { statistics, store: fakeStore([1]) };
  const html = renderPage(takeSnapshot(sources), chooseTexts("en"));
  assertStringIncludes(html, "&lt;img src=&quot;x&quot;&gt;&amp;");
  assert(!html.includes('<img src="x">'));
});

Deno.test("takeSnapshot() shows 1,000 agencies and counts the rest", () => {
  const ids = Array.from({ length: 1234 }, (_, i) => i + 1);
  const store = fakeStore(ids);
  const statistics = new Statistics();
  const { agencies, moreAgencies } = takeSnapshot({ statistics, store });
  assertEquals([agencies.length, moreAgencies], [1000, 234]);
});

Deno.test("Histogram counts up to each bound", () => {
  const histogram = new Histogram([1, 2, 5]);
  for (const value of [0.5, 1, 1.5, 5, 7]) histogram.add(value);
  assertEquals(histogram.cumulative, [2, 3, 4]);
  assertEquals([histogram.count, histogram.sum], [5, 15]);
});

Deno.test("Statistics.commitQuantile() is that of the latest commits", () => {
  const statistics = new Statistics();
  assertEquals(statistics.commitQuantile(0.5), 0);
  for (let i = 1; i <= 2000; i++) statistics.onCommit(1, i);
  assertEquals(statistics.commitQuantile(1), 2000);
  assertEquals(statistics.commitQuantile(0.5), 977 + 511);
});

Deno.test("takeSnapshot() shows only agencies that stored a bet or finished", () => {
  const statistics = new Statistics();
  for (let agency = 1; agency <= 1_300_000; agency++) {
    statistics.onRefusedBatch(agency, 1, "::1");
  }
  statistics.onStored(7, "::7");
  const store = { ...fakeStore([7, 1_300_000]), finished: new Set([8]) };
  const { agencies } = takeSnapshot({ statistics, store });
  assertEquals(agencies.map(({ agency, refused }) => [agency, refused]), [
    [7, 0],
    [8, 0],
    [1_300_000, 1],
  ]);
  // Only the latest of the others are remembered.
  const known = (agency: number) => statistics.activityOf(agency) !== undefined;
  assertEquals([1, 1_298_000, 1_299_999].map(known), [false, false, true]);
});

Deno.test("Statistics counts what was refused before the first stored bet", () => {
  const statistics = new Statistics();
  statistics.onRefusedBatch(5, 3, "::1");
  statistics.onStored(5, "::2");
  statistics.onRefusedBatch(5, 4, "::3");
  for (let agency = 10; agency < 5000; agency++) {
    statistics.onRequest(agency, "::1");
  }
  const { refused, address } = statistics.activityOf(5)!;
  assertEquals([refused, address], [7, "::3"]);
});
