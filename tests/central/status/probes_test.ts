import { assertEquals, assertMatch } from "@std/assert";
import { get, testShown } from "../../support/shown.ts";
import "../../support/watchdog.ts";

testShown("/ready says why no bets are taken", async (shown) => {
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

testShown(
  "/ready reports a lost store",
  async ({ url, store, storeFile }) => {
    await Deno.remove(storeFile);
    await store.lost;
    const { status, text } = await get(`${url}ready`);
    assertEquals(status, 503);
    assertMatch(text, /^Cannot trust the store: No such file/);
  },
);

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

testShown("a bad host or address is answered with 400", async (shown) => {
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
