// The central's metrics in OpenMetrics 1.0 or Prometheus's text format 0.0.4.

import process from "node:process";
import { logLineCounts } from "../../program/logging.ts";
import type { Histogram, Statistics } from "../statistics.ts";
import { parseAccept } from "./accept.ts";
import type { Served, Sources } from "./snapshot.ts";

const OPEN_METRICS_TYPE = "application/openmetrics-text";
const KNOWN_TYPES = [OPEN_METRICS_TYPE, "text/plain", "text/*", "*/*"];
const OPEN_METRICS = `${OPEN_METRICS_TYPE}; version=1.0.0; charset=utf-8`;
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const START_SECONDS = (Date.now() - performance.now()) / 1000;
const MICROSECOND = 1e-6;
const UNIT_REGEXP = /_(bytes|seconds)$/;

interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  /** Samples: suffix with labels, and value. */
  samples: readonly (readonly [suffix: string, value: number])[];
}

/** Returns a content type: OpenMetrics if the client prefers it by name. */
export function chooseFormat(accept: string | null): string {
  const [first] = parseAccept(accept).filter((type) =>
    KNOWN_TYPES.includes(type)
  );
  return first === OPEN_METRICS_TYPE ? OPEN_METRICS : PROMETHEUS;
}

/**
 * Formats the metrics. Unknown values are left out: a 0 before the store is read
 * would look like a reset, and all stored bets like new ones after it.
 */
export function formatMetrics(
  { statistics, served }: Sources,
  contentType: string,
): string {
  const isOpenMetrics = contentType === OPEN_METRICS;
  const families = [
    ...(served ? servedFamilies(served) : []),
    ...countFamilies(statistics),
    ...processFamilies(),
  ];
  const text = families.map((family) => formatFamily(family, isOpenMetrics));
  return `${text.join("")}${isOpenMetrics ? "# EOF\n" : ""}`;
}

function servedFamilies({ store, central }: Served): Family[] {
  const expiryMs = central.certificateNotAfterMs;
  return [
    counter("loteria_bets_stored", "Bets in the store.", store.bets),
    gauge("loteria_connections", "Connections.", central.connections),
    gauge(
      "loteria_agencies_finished",
      "Agencies that have finished.",
      store.finished.size,
    ),
    gauge(
      "loteria_draw_held",
      "1 once the draw is held.",
      +central.draw.isHeld,
    ),
    gauge("loteria_store_bytes", "Size of the store.", store.sizeBytes),
    gauge(
      "loteria_tls_certificate_not_after_seconds",
      "Time when the certificate expires, since 1970.",
      expiryMs === undefined ? undefined : expiryMs / 1000,
    ),
  ].filter(({ samples }) => samples.length > 0);
}

function countFamilies(statistics: Statistics): Family[] {
  return [
    {
      name: "loteria_batches",
      type: "counter",
      help: "Batches that were answered, by result.",
      samples: [
        ['_total{result="ok"}', statistics.acceptedBatches],
        ['_total{result="refused"}', statistics.refusedBatches],
      ],
    },
    {
      name: "loteria_refusals",
      type: "counter",
      help: "Refusals of any request, by the name of their code.",
      samples: [...statistics.refusals]
        .map(([code, count]) => [`_total{code="${code}"}`, count]),
    },
    histogram(
      "loteria_commit_duration_seconds",
      "Time from the write of a commit until it is on disk.",
      statistics.commitSeconds,
    ),
    histogram(
      "loteria_commit_batches",
      "Batches that shared a commit.",
      statistics.commitBatches,
    ),
    {
      name: "loteria_log_lines",
      type: "counter",
      help: "Lines of the log, by level.",
      samples: Object.entries(logLineCounts())
        .map(([level, count]) => [`_total{level="${level}"}`, count]),
    },
  ];
}

function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge(
      "process_resident_memory_bytes",
      "Resident memory.",
      Deno.memoryUsage().rss,
    ),
    counter(
      "process_cpu_seconds",
      "CPU time, user and system.",
      (user + system) * MICROSECOND,
    ),
    gauge(
      "process_start_time_seconds",
      "Time of the start, since 1970.",
      START_SECONDS,
    ),
  ];
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [["_total", value]] };
}

function gauge(name: string, help: string, value: number | undefined): Family {
  const samples = value === undefined ? [] : [["", value] as const];
  return { name, type: "gauge", help, samples };
}

function histogram(name: string, help: string, values: Histogram): Family {
  const { bounds, cumulative, count, sum } = values;
  return {
    name,
    type: "histogram",
    help,
    samples: [
      ...bounds.map((bound, i) =>
        [`_bucket{le="${formatBound(bound)}"}`, cumulative[i]!] as const
      ),
      ['_bucket{le="+Inf"}', count],
      ["_sum", sum],
      ["_count", count],
    ],
  };
}

/** OpenMetrics requires a decimal point in each bound. */
function formatBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function formatFamily(
  { name, type, help, samples }: Family,
  isOpenMetrics: boolean,
): string {
  // The older format names a counter like its samples.
  const family = type === "counter" && !isOpenMetrics ? `${name}_total` : name;
  // OpenMetrics requires that a name ends with its unit.
  const unit = UNIT_REGEXP.exec(name)?.[1];
  const lines = [
    `# HELP ${family} ${help}`,
    `# TYPE ${family} ${type}`,
    ...(unit && isOpenMetrics ? [`# UNIT ${family} ${unit}`] : []),
    ...samples.map(([suffix, value]) => `${name}${suffix} ${value}`),
  ];
  return `${lines.join("\n")}\n`;
}
