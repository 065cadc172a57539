import { assertEquals } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import {
  chooseFormat,
  formatMetrics,
} from "../../../central/status/metrics.ts";
import statusPage from "../../../docs/status.md" with { type: "text" };
import { tableRows } from "../../support/markdown.ts";
import { madeServed } from "../../support/shown.ts";
import { runTool, testTools } from "../../support/tool.ts";

/** The metrics as curl gets them. */
function metrics(): string {
  const statistics = new Statistics();
  statistics.onStored(1, "::1");
  statistics.onRefusal("INVALID_BET");
  statistics.onCommit(1, 0.003);
  const served = madeServed({ 1: 20 }, { sizeBytes: 500 });
  return formatMetrics({ statistics, served }, chooseFormat("*/*"));
}

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
