/**
 * The central's metrics in OpenMetrics 1.0 or Prometheus's text format 0.0.4.
 *
 * @module
 */

import process from "node:process";
import { logLineCounts } from "../../program/logging.ts";
import type { Histogram } from "../statistics.ts";
import type { Sources } from "./snapshot.ts";

/** A text format and how it is named in HTTP. */
export interface MetricsFormat {
  /** The content type. */
  contentType: string;
  /** Whether it is OpenMetrics, which differs in a few points. */
  isOpenMetrics: boolean;
}

const OPEN_METRICS: MetricsFormat = {
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  isOpenMetrics: true,
};
const PROMETHEUS: MetricsFormat = {
  contentType: "text/plain; version=0.0.4; charset=utf-8",
  isOpenMetrics: false,
};
const START_SECONDS = (Date.now() - performance.now()) / 1000;
const MICROSECOND = 1e-6;

/** A metric family. */
interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  unit?: string;
  help: string;
  /** Each sample: suffix with labels, and value. */
  samples: readonly (readonly [suffix: string, value: number])[];
}

/**
 * Chooses the format that a client asks for.
 *
 * @param accept Its `Accept` header.
 * @returns Prometheus's own format if it asks for plain text and not for
 * OpenMetrics.
 */
export function chooseFormat(accept: string | null): MetricsFormat {
  const wanted = accept ?? "";
  if (wanted.includes("application/openmetrics-text")) return OPEN_METRICS;
  return wanted.includes("text/plain") ? PROMETHEUS : OPEN_METRICS;
}

/**
 * Formats the metrics.
 *
 * @param sources The parts of the central.
 * @param format The text format.
 * @returns The text.
 */
export function formatMetrics(
  sources: Sources,
  { isOpenMetrics }: MetricsFormat,
): string {
  const text = familiesOf(sources).map((family) =>
    formatFamily(family, isOpenMetrics)
  ).join("");
  return isOpenMetrics ? `${text}# EOF\n` : text;
}

function familiesOf(sources: Sources): Family[] {
  const { statistics, store, draw, connections } = sources;
  const { user, system } = process.cpuUsage();
  const logLines = Object.entries(logLineCounts());
  return [
    counter("loteria_bets_stored", "Bets in the store.", store?.bets ?? 0),
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
      samples: [...statistics.refusals].map((
        [code, count],
      ) => [`_total{code="${code}"}`, count]),
    },
    gauge("loteria_connections", "Connections.", connections?.() ?? 0),
    gauge(
      "loteria_agencies_finished",
      "Agencies that have finished.",
      store?.finished.size ?? 0,
    ),
    gauge(
      "loteria_draw_held",
      "1 once the draw is held.",
      draw?.isHeld ? 1 : 0,
    ),
    {
      ...gauge(
        "loteria_store_bytes",
        "Size of the store.",
        store?.sizeBytes ?? 0,
      ),
      unit: "bytes",
    },
    {
      ...histogram(
        "loteria_commit_duration_seconds",
        "Time from the write of a commit until it is on disk.",
        statistics.commitSeconds,
      ),
      unit: "seconds",
    },
    histogram(
      "loteria_commit_batches",
      "Batches that shared a commit.",
      statistics.commitBatches,
    ),
    {
      name: "loteria_log_lines",
      type: "counter",
      help: "Lines of the log, by level.",
      samples: logLines.map((
        [level, count],
      ) => [`_total{level="${level}"}`, count]),
    },
    {
      ...gauge(
        "process_resident_memory_bytes",
        "Resident memory.",
        Deno.memoryUsage().rss,
      ),
      unit: "bytes",
    },
    {
      ...counter(
        "process_cpu_seconds",
        "CPU time, user and system.",
        (user + system) * MICROSECOND,
      ),
      unit: "seconds",
    },
    {
      ...gauge(
        "process_start_time_seconds",
        "Time of the start, since 1970.",
        START_SECONDS,
      ),
      unit: "seconds",
    },
  ];
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [["_total", value]] };
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [["", value]] };
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

/** OpenMetrics wants a point in each bound. */
function formatBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function formatFamily(
  { name, type, unit, help, samples }: Family,
  isOpenMetrics: boolean,
): string {
  // The older format calls a counter by the name of its samples.
  const family = type === "counter" && !isOpenMetrics ? `${name}_total` : name;
  const lines = [
    `# HELP ${family} ${help}`,
    `# TYPE ${family} ${type}`,
    ...(unit && isOpenMetrics ? [`# UNIT ${family} ${unit}`] : []),
    ...samples.map(([suffix, value]) => `${name}${suffix} ${value}`),
  ];
  return `${lines.join("\n")}\n`;
}
