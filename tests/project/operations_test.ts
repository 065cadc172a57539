import { assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { Statistics } from "../../central/statistics.ts";
import { chooseFormat, formatMetrics } from "../../central/status/metrics.ts";
import alertsText from "../../docs/grafana/alerts.yaml" with { type: "text" };
import dashboardText from "../../docs/grafana/loteria.json" with {
  type: "text",
};
import operationsPage from "../../docs/operations.md" with { type: "text" };
import { fencedBlocks } from "../support/markdown.ts";
import { PROJECT } from "../support/programs.ts";
import { madeServed } from "../support/shown.ts";
import { runTool, testTools } from "../support/tool.ts";

const BLOCKS = fencedBlocks(operationsPage);
const ALERTS = `${PROJECT}docs/grafana/alerts.yaml`;
/** Names of metrics in an expression of Prometheus. */
const METRIC_REGEXP = /\b(?:loteria|process)_[a-z_]+/g;

Deno.test("docs/grafana asks only for metrics that there are", () => {
  const text = formatMetrics({
    statistics: new Statistics(),
    served: madeServed({}, { sizeBytes: 1, certificateNotAfterMs: 1 }),
  }, chooseFormat("*/*"));
  const samples = new Set(text.match(/^[a-z_]+/gm));
  const rules = (parse(alertsText) as {
    groups: { rules: { expr: string }[] }[];
  }).groups.flatMap((group) => group.rules.map(({ expr }) => expr));
  const panels = JSON.parse(dashboardText).panels as {
    targets: { expr: string }[];
  }[];
  const expressions = [
    ...rules,
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const asked = expressions.flatMap((expr) => expr.match(METRIC_REGEXP) ?? []);
  assertEquals(asked.filter((name) => !samples.has(name)), []);
});

testTools(["promtool"], "promtool accepts the alerts", async () => {
  const { code, output } = await runTool("promtool", [
    ...["check", "rules", ALERTS],
  ]);
  assertEquals(code, 0, output);
  assertMatch(output, /SUCCESS: [1-9]\d* rules found/);
});

/** Alerts that are to fire after 10 minutes, by the samples of each minute. */
const FIRING = {
  LoteriaDown: ['up{job="loteria", instance="a"}', "0x20"],
  LoteriaReadsItsStore: ['up{job="loteria", instance="a"}', "1x20"],
  LoteriaCannotStore: [
    'loteria_refusals_total{code="STORAGE", instance="a"}',
    "0x5 1x20",
  ],
  LoteriaCritical: [
    'loteria_log_lines_total{level="CRITICAL", instance="a"}',
    "0x5 1x20",
  ],
  LoteriaRestarts: [
    'process_start_time_seconds{job="loteria", instance="a"}',
    "1 2 3 4 4x20",
  ],
  LoteriaBusy: ['loteria_refusals_total{code="BUSY", instance="a"}', "0+5x20"],
  LoteriaUnauthorized: [
    'loteria_refusals_total{code="UNAUTHORIZED", instance="a"}',
    "0+5x20",
  ],
  LoteriaCertificate: [
    'loteria_tls_certificate_not_after_seconds{instance="a"}',
    "1e6x20",
  ],
  LoteriaSlowDisk: [
    'loteria_commit_duration_seconds_bucket{le="1.0", instance="a"}',
    "0+5x20",
  ],
} as const;

testTools(["promtool"], "each alert fires when it should", async (dir) => {
  const names = (parse(alertsText) as {
    groups: { rules: { alert: string }[] }[];
  }).groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  assertEquals(Object.keys(FIRING), names);
  const tests = Object.entries(FIRING).map(([name, [series, values]]) => ({
    interval: "1m",
    input_series: [
      { series, values },
      // The +Inf bucket has all observations; quantiles need it.
      { series: series.replace('le="1.0"', 'le="+Inf"'), values },
    ].filter((one, i) => i === 0 || one.series !== series),
    alert_rule_test: [{ alertname: name, eval_time: "10m" }],
  }));
  const file = `${dir}/tests.yaml`;
  await Deno.writeTextFile(
    file,
    JSON.stringify({ rule_files: [ALERTS], tests }),
  );
  // Each test expects no alert, so promtool reports every alert that fires.
  const { output } = await runTool("promtool", ["test", "rules", file]);
  const fired = names.filter((name) => output.includes(`alertname="${name}"`));
  assertEquals(fired, names, output);
});

testTools(
  ["systemd-analyze"],
  "systemd accepts the unit",
  async (dir) => {
    const unit = BLOCKS.get("ini loteria.service")!;
    const file = `${dir}/loteria.service`;
    // It wants a program that is there.
    const deno = Deno.execPath();
    await Deno.writeTextFile(file, unit.replace("/usr/local/bin/deno", deno));
    const { code, output } = await runTool("systemd-analyze", ["verify", file]);
    const own = output.split("\n").filter((line) => line.includes("loteria"));
    assertEquals([code, own], [0, []], output);
  },
);

testTools(
  ["awk"],
  "an export is split into the agencies' files",
  async (dir) => {
    await Deno.writeTextFile(
      `${dir}/all.csv`,
      '1,Ana,"Gil, hija",1,2000-01-01,7\n12,Eva,Paz,2,2000-01-01,8\n1,"a ""b""",c,3,2000-01-01,9\n',
    );
    const script = `cd '${dir}' && ${BLOCKS.get("sh split")}`;
    assertEquals(await runTool("sh", ["-c", script]), { code: 0, output: "" });
    const read = (id: number) => Deno.readTextFile(`${dir}/agency-${id}.csv`);
    assertEquals(
      await read(1),
      'Ana,"Gil, hija",1,2000-01-01,7\n"a ""b""",c,3,2000-01-01,9\n',
    );
    assertEquals(await read(12), "Eva,Paz,2,2000-01-01,8\n");
  },
);
