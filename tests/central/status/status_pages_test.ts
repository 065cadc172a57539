import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { StatusServer } from "../../../central/status/status_server.ts";
import { ProgramError } from "../../../program/errors.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { everyPromise } from "../../support/deadline.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { FakeIntervals } from "../../support/intervals.ts";
import { testOnline } from "../../support/permissions.ts";
import { get, testShown } from "../../support/shown.ts";
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

testShown("StatusServer sends the headers of each page", async ({ url }) => {
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

testOnline(
  "StatusServer ends open pages, and waits for no slow client",
  async () => {
    const log = CapturedLog.start();
    const address = { hostname: "127.0.0.1", port: 0 };
    const server = new StatusServer(address, new Statistics());
    const [url] = /http:\S+/.exec(await log.line("action: status"))!;
    using slow = await Deno.connect({ port: Number(new URL(url).port) });
    await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n"));
    const events = await fetch(`${url}events`);
    await server[Symbol.asyncDispose]();
    assertMatch(await events.text(), /^retry: 2000\ndata: .*\n\n$/);
  },
);

testShown("StatusServer answers only GET and HEAD", async ({ url }) => {
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
