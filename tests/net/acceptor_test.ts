import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { Acceptor, type Listener } from "../../net/tcp_server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import { testOnline as test } from "../support/permissions.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

/** A listener that gives connections and errors in this order, then waits. */
function listenerOf(arrivals: (Error | Deno.TcpConn)[]): Listener {
  const { promise: never, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting when it is closed.
  never.catch(() => {});
  return {
    accept(): Promise<Deno.TcpConn> {
      const next = arrivals.shift();
      if (next === undefined) return never;
      return next instanceof Error
        ? Promise.reject(next)
        : Promise.resolve(next);
    },
    close: () => reject(new Deno.errors.BadResource("Bad resource ID")),
  };
}

interface FakeConnection
  extends FakeStream, Omit<Deno.TcpConn, keyof FakeStream> {
  /** The options that were set to true. */
  options: string[];
}

function connection(setNoDelay = () => {}): FakeConnection & Deno.TcpConn {
  const options: string[] = [];
  return Object.assign(new FakeStream([]), {
    remoteAddr: { transport: "tcp", hostname: "10.0.0.1", port: 1 },
    options,
    setNoDelay(isSet: boolean): void {
      setNoDelay();
      if (isSet) options.push("noDelay");
    },
    setKeepAlive(isSet: boolean): void {
      if (isSet) options.push("keepAlive");
    },
  }) as unknown as FakeConnection & Deno.TcpConn;
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Lets everything run that only waits for its turn of the event loop. */
async function settle(time: FakeTime, arrivals: unknown[]): Promise<void> {
  let before: number;
  do {
    before = arrivals.length;
    await settleTurn();
    time.advance(0);
  } while (arrivals.length < before);
}

async function settleTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const passed = new Promise((resolve) => port2.onmessage = resolve);
  port1.postMessage("");
  await passed;
  port1.close();
  port2.close();
}

async function acceptAll(
  arrivals: (Error | Deno.TcpConn)[],
  fn: (
    accepted: Deno.TcpConn[],
    time: FakeTime,
    settleAll: () => Promise<void>,
  ) => Promise<void>,
  onConnection: (stream: Deno.TcpConn) => void = () => {},
): Promise<CapturedLog> {
  const log = CapturedLog.start();
  using time = new FakeTime();
  const accepted: Deno.TcpConn[] = [];
  const acceptor = new Acceptor(
    listenerOf(arrivals),
    (stream) => {
      onConnection(stream);
      accepted.push(stream);
    },
  );
  const running = acceptor.run();
  try {
    const settleAll = () => settle(time, arrivals);
    await settleAll();
    await fn(accepted, time, settleAll);
  } finally {
    acceptor.stop();
    await running;
  }
  return log;
}

Deno.test("Acceptor accepts at once after connections that were lost before", async () => {
  const lost = [
    new Deno.errors.NotConnected("Transport endpoint is not connected"),
    new Deno.errors.ConnectionAborted("Software caused connection abort"),
    new Deno.errors.ConnectionReset("Connection reset by peer"),
    new Deno.errors.PermissionDenied("Operation not permitted"),
    ...["EPROTO", "EHOSTUNREACH", "ENETDOWN", "EINTR"].map(systemError),
  ];
  const last = connection();
  const arrivals = [...Array.from({ length: 500 }, () => lost).flat(), last];
  const log = await acceptAll(arrivals, async (accepted) => {
    assertEquals(accepted, [last]);
    assertEquals(last.options, ["noDelay", "keepAlive"]);
    await Promise.resolve();
  });
  assertEquals(log.values(/^(WARN|ERROR)/), []);
});

Deno.test("Acceptor lets others have a turn after 16 connections", async () => {
  CapturedLog.start();
  using time = new FakeTime();
  let accepted = 0;
  const arrivals = Array.from({ length: 40 }, () => connection());
  const acceptor = new Acceptor(listenerOf(arrivals), () => accepted++);
  const running = acceptor.run();
  for (const count of [16, 32, 40]) {
    await settleTurn();
    assertEquals(accepted, count);
    time.advance(0);
  }
  acceptor.stop();
  await running;
});

Deno.test("Acceptor closes a connection that is lost when it is set up", async () => {
  const lost = connection(() => {
    throw new Deno.errors.NotConnected("Transport endpoint is not connected");
  });
  const last = connection();
  const log = await acceptAll([lost, last], async (accepted) => {
    assertEquals(accepted, [last]);
    assert(lost.isClosed);
    await Promise.resolve();
  });
  assertEquals(log.lines, [
    "INFO action: accept_connections | result: in_progress",
    "DEBUG action: accept_connections | result: fail | error: Transport endpoint is not connected",
    "INFO action: accept_connections | result: success | ip: 10.0.0.1",
    "INFO action: accept_connections | result: in_progress",
    "INFO action: close_listener | result: success",
  ]);
});

Deno.test("Acceptor.stop() ends an outage, and each outage begins anew", async () => {
  const shortages = [
    ...[systemError("EMFILE"), systemError("ENFILE"), connection()],
    systemError("ENOMEM"),
  ];
  const log = await acceptAll(shortages, async (accepted, time, settleAll) => {
    for (const waitMs of [50, 100]) {
      time.advance(waitMs);
      await settleAll();
    }
    assertEquals([accepted.length, time.pending], [1, 1]);
    time.advance(49);
    assertEquals(time.pending, 1);
  });
  assertEquals(log.lines.filter((line) => /^(WARN|ERROR)/.test(line)), [
    "ERROR action: accept_connections | result: fail | error: EMFILE",
    "WARN action: accept_connections | result: success | failures: 2 | seconds: 0.1",
    "ERROR action: accept_connections | result: fail | error: ENOMEM",
  ]);
});

Deno.test("Acceptor logs a bug with one connection, and accepts the next", async () => {
  const first = connection();
  const last = connection();
  const log = await acceptAll([first, last], async (accepted) => {
    assertEquals(accepted, [last]);
    assert(first.isClosed);
    await Promise.resolve();
  }, (stream) => {
    if (stream === first) throw new TypeError("a slip");
  });
  assert(log.lines.some((line) => /^CRITICAL .*TypeError: a slip/.test(line)));
});

for (
  const error of [
    ...["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"].map(systemError),
    new Deno.errors.BadResource("Bad resource ID"),
  ]
) {
  Deno.test(`Acceptor waits less than a second each time after ${error.message}`, async () => {
    const shortage = Array.from({ length: 9 }, () => error);
    const last = connection();
    const log = await acceptAll(
      [...shortage, last],
      async (accepted, time, settleAll) => {
        for (const waitMs of [50, 100, 200, 400, 800, 900, 900, 900, 900]) {
          assertEquals(accepted, []);
          time.advance(waitMs - 1);
          assertEquals(time.pending, 1);
          time.advance(1);
          assertEquals(time.pending, 0);
          await settleAll();
        }
        assertEquals(accepted, [last]);
      },
    );
    const fails = log.lines.filter((line) => line.startsWith("ERROR"));
    assertEquals(fails.length, 1);
    assert(
      log.lines.some((line) => line.includes("failures: 9 | seconds: 5.")),
    );
  });
}

test("Acceptor does not wait after connections that were reset before accept", async () => {
  const log = CapturedLog.start();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (let i = 0; i < 50; i++) await connectAndReset(port);
  const accepted = Promise.withResolvers<void>();
  const acceptor = new Acceptor(listener, (stream) => {
    stream.close();
    accepted.resolve();
  });
  const running = acceptor.run();
  using _wire = await Wire.connect(port);
  await accepted.promise;
  acceptor.stop();
  await running;
  const lost = log.lines.filter((line) =>
    line.startsWith("DEBUG action: accept_connections | result: fail")
  );
  assert(lost.length > 0, log.lines.join("\n"));
  assertEquals(log.values(/^(WARN|ERROR)/), []);
});

function connectAndReset(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.resetAndDestroy());
    socket.on("close", () => resolve());
    socket.on("error", reject);
  });
}
