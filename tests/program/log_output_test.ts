import { assertEquals } from "@std/assert";
import { LogOutput } from "../../program/log_output.ts";
import { everyPromise } from "../support/deadline.ts";
import { FakeTime } from "../support/fake_time.ts";

/** A sink that the test controls, and the lines that it got. */
class FakeSink {
  text = "";
  fault: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    if (this.fault) throw this.fault;
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

function open(sink: FakeSink): { output: LogOutput; reasons: string[] } {
  const reasons: string[] = [];
  const output = new LogOutput(sink, {
    formatDropped: (count) => `dropped ${count}`,
    onBroken: (reason) => reasons.push(reason),
  });
  return { output, reasons };
}

Deno.test("LogOutput gives up when its reader has closed", async () => {
  const sink = new FakeSink();
  const { output, reasons } = open(sink);
  sink.fault = new Deno.errors.BrokenPipe("Broken pipe");
  for (let i = 0; i < 3; i++) {
    output.add("x");
    await output.flush();
  }
  assertEquals([sink.text, reasons], ["", ["Broken pipe"]]);
});

Deno.test("LogOutput tries again after any other failure", async () => {
  using time = new FakeTime();
  const sink = new FakeSink();
  const { output, reasons } = open(sink);
  sink.fault = new Error("No space left on device");
  output.add("one");
  await output.flush();
  output.add("two");
  time.advance(999);
  await everyPromise();
  assertEquals(sink.text, "");
  sink.fault = undefined;
  time.advance(1);
  await everyPromise();
  assertEquals([sink.text, reasons], ["one\ntwo\n", []]);
  assertEquals(time.pending, 0);
});

Deno.test("LogOutput drops lines while nothing reads them, and counts them", async () => {
  const sink = new FakeSink();
  const { output } = open(sink);
  const gate = Promise.withResolvers<void>();
  sink.gate = gate.promise;
  const line = "x".repeat(1023);
  output.add("first");
  const flushed = output.flush();
  for (let i = 0; i < 1100; i++) output.add(line);
  gate.resolve();
  await flushed;
  const lines = sink.text.split("\n");
  assertEquals(lines.slice(0, 2), ["first", line]);
  const kept = lines.filter((one) => one === line).length;
  assertEquals(lines.at(-2), `dropped ${1100 - kept}`);
  assertEquals(kept, 1025);
  output.add("again");
  await output.flush();
  assertEquals(sink.text.endsWith("again\n"), true);
});
