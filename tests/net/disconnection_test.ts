import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Connection } from "../../net/connection.ts";
import { isDisconnection } from "../../net/disconnection.ts";
import { InvariantError, ProgramError } from "../../program/errors.ts";
import { ProtocolError } from "../../protocol/mod.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { frame } from "../support/frames.ts";
import "../support/watchdog.ts";

/** Errors of connect, accept, read and write, as Deno throws them. */
const LOST: Error[] = [
  new Deno.errors.ConnectionReset(),
  new Deno.errors.PermissionDenied("Operation not permitted (os error 1)"),
  new Deno.errors.NetworkUnreachable(),
  new Deno.errors.TimedOut(),
  new Deno.errors.BadResource(),
  ...[
    ...["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "ENETRESET", "ENOBUFS"],
    ...["EHOSTDOWN", "EPROTO", "EIO", "ENOMEM"],
  ].map((code) => Object.assign(new Error(code), { code })),
  Object.assign(new TypeError("Invalid argument"), { code: "EINVAL" }),
];
const NOT_LOST: unknown[] = [
  new Error("a slip"),
  new TypeError("a slip"),
  ...["ERR_INVALID_ARG_TYPE", "ABORTED", "EIO: i/o error"].map((code) =>
    Object.assign(new TypeError("a slip"), { code })
  ),
  new InvariantError("a slip"),
  new ProgramError("Cannot start"),
  new ProtocolError("MALFORMED", "Cannot decode"),
  ...[
    Deno.errors.NotCapable,
    Deno.errors.NotSupported,
    Deno.errors.NotFound,
    Deno.errors.AlreadyExists,
    Deno.errors.IsADirectory,
    Deno.errors.NotADirectory,
    Deno.errors.FilesystemLoop,
  ].map((kind) => new kind("a slip")),
  Object.assign(new Deno.errors.NotFound(), { code: "ENOENT" }),
  undefined,
  "EIO",
];

Deno.test("isDisconnection() is true for every error of the system", () => {
  for (const error of LOST) assert(isDisconnection(error), String(error));
});

Deno.test("isDisconnection() is false for bugs, permissions and files", () => {
  for (const error of NOT_LOST) {
    assertFalse(isDisconnection(error), String(error));
  }
});

Deno.test("nextBufferedFrame() returns nothing once the connection is closed", async () => {
  const two = new Uint8Array([...frame(4), ...frame(4)]);
  const connection = new Connection(new FakeStream([two]), {});
  assertEquals((await connection.readFrame())?.type, 4);
  connection.close();
  assertEquals(connection.nextBufferedFrame(), undefined);
  assertEquals(await connection.readFrame(), null);
});

Deno.test("close() takes a stream that is closed already, and reports a bug", () => {
  for (const error of LOST) closeFailing(error);
  assertThrows(() => closeFailing(new TypeError("a slip")), TypeError);
});

/** Closes a connection twice whose stream fails when it is closed. */
function closeFailing(error: Error): void {
  const stream = new FakeStream([]);
  let closes = 0;
  stream.close = () => {
    closes++;
    throw error;
  };
  const connection = new Connection(stream, {});
  connection.close();
  connection.close();
  assertEquals(closes, 1);
}
