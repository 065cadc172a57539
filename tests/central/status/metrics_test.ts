import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { Statistics } from "../../../central/statistics.ts";
import {
  chooseFormat,
  formatMetrics,
} from "../../../central/status/metrics.ts";
import statusPage from "../../../docs/status.md" with { type: "text" };
import { tableRows } from "../../support/markdown.ts";
import { parseMetrics } from "../../support/metrics.ts";
import { madeServed } from "../../support/shown.ts";
import { runTool, testTools } from "../../support/tool.ts";
import "../../support/watchdog.ts";

Deno.test("formatMetrics() has the CPU time of the user and the system", () => {
  const seconds = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const sources = { statistics: new Statistics() };
  const before = seconds();
  const text = formatMetrics(sources, chooseFormat("*/*"));
  const value = parseMetrics(text, false).get("process_cpu_seconds_total")!;
  assert(before <= value && value <= seconds(), `${before}, ${value}`);
});

/** The metrics as curl gets them. */
function metrics(): string {
  const statistics = new Statistics();
  statistics.onStored(1, "::1");
  statistics.onRefusal("INVALID_BET");
  statistics.onCommit(1, 0.003);
  const served = madeServed({ 1: 20 }, {
    sizeBytes: 500,
    certificateNotAfterMs: 1_800_000_000_500,
  });
  return formatMetrics({ statistics, served }, chooseFormat("*/*"));
}

Deno.test("formatMetrics() has the certificate's end in seconds, if there is one", () => {
  const name = "loteria_tls_certificate_not_after_seconds";
  assertEquals(parseMetrics(metrics(), false).get(name), 1_800_000_000.5);
  const sources = { statistics: new Statistics(), served: madeServed({}) };
  const text = formatMetrics(sources, chooseFormat("*/*"));
  assertEquals(text.includes(name) || text.includes("store_bytes"), false);
});

testTools(["promtool"], "promtool accepts the metrics", async () => {
  const args = ["check", "metrics"];
  const { code, output } = await runTool("promtool", args, metrics());
  assertEquals([code, output], [0, ""]);
});

Deno.test("docs/status.md lists the metrics and their types", () => {
  const documented = tableRows(statusPage, "name")
    .map(([name, type]) => `${name} ${type}`);
  const types = [...metrics().matchAll(/^# TYPE (.*)$/gm)];
  assertEquals(documented.toSorted(), types.map(([, type]) => type!).sort());
});
