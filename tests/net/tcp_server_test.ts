import { assert, assertEquals, assertThrows } from "@std/assert";
import { listen, logPort, stopOn } from "../../net/tcp_server.ts";
import { ProgramError } from "../../program/errors.ts";
import { everyTurn } from "../support/deadline.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testOnline } from "../support/permissions.ts";
import "../support/watchdog.ts";
import { replace } from "../support/replaced.ts";

Deno.test("stopOn() stops at a signal, even if it came earlier", async () => {
  for (const isEarly of [true, false]) {
    const log = CapturedLog.start();
    const signal = new AbortController();
    if (isEarly) signal.abort("SIGTERM");
    const events: string[] = [];
    const stop = async () => {
      events.push("stops");
      await everyTurn();
      events.push("has stopped");
    };
    const stopping = stopOn(signal.signal, { stop });
    await everyTurn();
    if (!isEarly) {
      assertEquals(events, []);
      signal.abort("SIGTERM");
    }
    await stopping;
    assertEquals(events, ["stops", "has stopped"]);
    assertEquals(log.lines, [
      "INFO action: stop | result: in_progress | signal: SIGTERM",
    ]);
  }
});

testOnline("listen() takes the address, or says why not", () => {
  const { listen: listenOn } = Deno;
  const address = { hostname: "127.0.0.1", port: 0, backlog: 5 };
  const log = CapturedLog.start();
  let options: unknown;
  using _listen = replace(Deno, {
    listen(given: Deno.TcpListenOptions): Deno.TcpListener {
      options = given;
      return listenOn(given);
    },
  });
  using listener = listen(address);
  const { hostname, port } = listener.addr;
  assertEquals(options, { hostname, port: 0, tcpBacklog: 5 });
  logPort(listener);
  assertEquals(log.lines, [
    `INFO action: listen | result: success | port: ${port}`,
  ]);
  const error = assertThrows(
    () => listen({ ...address, port }),
    ProgramError,
    `Cannot listen on port ${port} of 127.0.0.1: Address`,
  );
  assert(error.cause instanceof Deno.errors.AddrInUse);
});
