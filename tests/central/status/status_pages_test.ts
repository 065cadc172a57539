import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { StatusServer } from "../../../central/status/status_server.ts";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { everyPromise } from "../../support/deadline.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { FakeIntervals } from "../../support/intervals.ts";
import { testOnline } from "../../support/permissions.ts";
import { get, testShown as test } from "../../support/shown.ts";
import "../../support/watchdog.ts";
import { replace } from "../../support/replaced.ts";

const SECURE = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
/** What each page has beside these and `no-store`. */
const PAGES: Record<string, Record<string, string>> = {
  "": {
    "content-type": "text/html; charset=utf-8",
    "content-language": "en",
    "vary": "accept-language",
  },
  "metrics": {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "vary": "accept",
  },
  "events": {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  },
  "health": { "content-type": "text/plain; charset=utf-8" },
  "ready": { "content-type": "text/plain; charset=utf-8" },
  "none": { "content-type": "text/plain; charset=utf-8" },
  "page.css": { "content-type": "text/css; charset=utf-8" },
  "page.js": { "content-type": "text/javascript; charset=utf-8" },
  "page_view.js": { "content-type": "text/javascript; charset=utf-8" },
};

test("StatusServer sends the headers of each page", async ({ url }) => {
  for (const [path, own] of Object.entries(PAGES)) {
    for (const method of ["GET", "HEAD"]) {
      const { headers, body } = await fetch(url + path, { method });
      await body?.cancel();
      const expected = { "cache-control": "no-store", ...SECURE, ...own };
      for (const [name, value] of Object.entries(expected)) {
        const sent = headers.get(name);
        assertEquals([path, name, sent], [path, name, value]);
      }
    }
  }
  for (const path of ["page.css", "page.js", "page_view.js"]) {
    const file = new URL(`../../../central/status/${path}`, import.meta.url);
    assertEquals((await get(url + path)).text, await Deno.readTextFile(file));
  }
});

testOnline(
  "StatusServer says where it listens, or why not",
  async () => {
    const log = CapturedLog.start();
    const statistics = new Statistics();
    for (const hostname of ["127.0.0.1", "::1"]) {
      await using _server = new StatusServer(
        { hostname, port: 0 },
        statistics,
      );
      const host = hostname === "::1" ? "[::1]" : hostname;
      const line = await log.line(
        `status | result: success | url: http://${host}:`,
      );
      const port = Number(/(\d+)\/$/.exec(line)?.[1]);
      assertThrows(
        () => new StatusServer({ hostname, port }, statistics),
        ProgramError,
        `Cannot listen on status port ${port}: Address already in use (os error 98) (status.host is ${hostname})`,
      );
    }
  },
);

test("StatusServer answers only GET and HEAD", async ({ url }) => {
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

Deno.test("StatusServer waits for its clients, but only 300 ms", async () => {
  using time = new FakeTime();
  using intervals = new FakeIntervals();
  CapturedLog.start();
  for (const isShutDown of [true, false]) {
    const shutdown = Promise.withResolvers<void>();
    const fake = { shutdown: () => shutdown.promise };
    using _serve = replace(Deno, { serve: () => fake });
    const address = { hostname: "127.0.0.1", port: 0 };
    const server = new StatusServer(address, new Statistics());
    assertEquals(intervals.periodsMs, [1000]);
    let hasEnded = false;
    const ending = server[Symbol.asyncDispose]().then(() => hasEnded = true);
    time.advance(299);
    await everyPromise();
    assertEquals([hasEnded, intervals.periodsMs], [false, []]);
    if (isShutDown) shutdown.resolve();
    else time.advance(1);
    await ending;
    assertEquals(time.pending, 0);
  }
});

test("/ready says why no bets are taken", async (shown) => {
  const { url, store, show, stopping } = shown;
  const ready = async (): Promise<string> => {
    const { status, text } = await get(`${url}ready`);
    return `${status} ${text.trim()}`;
  };
  assertEquals(await ready(), "503 the store is being read");
  show();
  assertEquals(await ready(), "200 ok");
  let problem: string | undefined = "the database does not answer";
  Object.defineProperty(store.stats, "problem", { get: () => problem });
  assertEquals(await ready(), "503 the database does not answer");
  // It asks each time: a balancer sends nothing before it hears of the repair.
  problem = undefined;
  assertEquals(await ready(), "200 ok");
  stopping.abort();
  assertEquals(await ready(), "503 the central is stopping");
  assertEquals((await get(`${url}health`)).text, "ok\n");
}, { isShown: false });

test("/ready reports a lost store", async ({ url, store, storeFile }) => {
  await Deno.remove(storeFile);
  await store.lost;
  const { status, text } = await get(`${url}ready`);
  assertEquals(status, 503);
  assertMatch(text, /^Cannot trust the store: No such file/);
});

const BAD_REQUESTS = [
  "GET / HTTP/1.1\r\nHost: a b",
  "GET / HTTP/1.1\r\nHost: [",
  "GET / HTTP/1.1\r\nHost: a:99999",
  "GET /metrics HTTP/1.1\r\nHost: ::1",
  "GET /events HTTP/1.1\r\nHost: [",
  "GET /ready HTTP/1.1\r\nHost: x/health#",
  "GET /ready HTTP/1.1\r\nHost: x?",
  "GET /ready HTTP/1.1\r\nHost: u:p@x",
  "GET /ready HTTP/1.1\r\nHost: x\\health\\",
  "GET http://[/ HTTP/1.1\r\nHost: x",
  "GET http://a:99999/ready HTTP/1.1\r\nHost: x",
  "HEAD / HTTP/1.1\r\nHost: [",
  "GET * HTTP/1.1\r\nHost: x",
  "GET ready HTTP/1.1\r\nHost: x",
  "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
];

test("a bad host or address is answered with 400", async (shown) => {
  const { url, log } = shown;
  const port = Number(new URL(url).port);
  for (const request of BAD_REQUESTS) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const bytes = new TextEncoder().encode(
      `${request}\r\nConnection: close\r\n\r\n`,
    );
    await conn.write(bytes);
    const answer = await new Response(conn.readable).text();
    assertMatch(answer, /^HTTP\/1\.1 400 /, request);
  }
  assertEquals((await get(`${url}ready`)).status, 200);
  const faults = log.linesWith("CRITICAL");
  assertEquals(faults, []);
});
