// A checker of metrics, written from the OpenMetrics 1.0 specification and the
// description of Prometheus's text format 0.0.4.

import { assert, assertEquals, assertMatch } from "@std/assert";

const NAME_REGEXP = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE_REGEXP =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z]+="(?:[^"\\\n]|\\[\\n"])*"\})? (\S+)$/;
const TYPES = ["counter", "gauge", "histogram"];
/** Suffixes of the samples of each type. */
const SUFFIXES: Record<string, string[]> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};

interface Family {
  name: string;
  type: string;
  help?: string;
  unit?: string;
  samples: Map<string, number>;
}

/** Parses metrics and asserts that they are well-formed. */
export function parseMetrics(
  text: string,
  isOpenMetrics: boolean,
): Map<string, number> {
  assert(text.endsWith("\n"), "the last line has no end");
  const lines = text.slice(0, -1).split("\n");
  if (isOpenMetrics) assertEquals(lines.pop(), "# EOF");
  else assert(!lines.includes("# EOF"));
  const families = new Map<string, Family>();
  let current: Family | undefined;
  for (const line of lines) {
    const meta = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line);
    if (meta) {
      const [, key, name, value] = meta;
      if (current?.name !== name) {
        assert(!families.has(name!), `family ${name} is in two places`);
        assertMatch(name!, NAME_REGEXP);
        current = { name: name!, type: "", samples: new Map() };
        families.set(name!, current);
      }
      addMeta(current!, key!, value!);
    } else {
      assert(current, `sample without a family: ${line}`);
      addSample(current, line, isOpenMetrics);
    }
  }
  const all = new Map<string, number>();
  for (const family of families.values()) {
    assert(TYPES.includes(family.type), `${family.name}: no type`);
    assert(family.help, `${family.name}: no help`);
    if (family.unit) {
      assert(family.name.endsWith(`_${family.unit}`), family.name);
    }
    if (family.type === "histogram") checkHistogram(family);
    for (const [name, value] of family.samples) all.set(name, value);
  }
  return all;
}

function addMeta(family: Family, key: string, value: string): void {
  assertEquals(family.samples.size, 0, `${family.name}: ${key} after a sample`);
  if (key === "TYPE") family.type = value;
  else if (key === "HELP") family.help = value;
  else family.unit = value;
}

function addSample(
  family: Family,
  line: string,
  isOpenMetrics: boolean,
): void {
  assertMatch(line, SAMPLE_REGEXP);
  const [, name, labels = "", text] = SAMPLE_REGEXP.exec(line)!;
  const value = Number(text);
  assert(!Number.isNaN(value), line);
  const suffixes = SUFFIXES[family.type]!.map((suffix) =>
    isOpenMetrics || family.type !== "counter" ? suffix : ""
  );
  assert(
    suffixes.some((suffix) => name === family.name + suffix),
    `${line}: no sample of ${family.name}`,
  );
  const key = name + labels;
  assert(!family.samples.has(key), `${key} is there twice`);
  if (family.type !== "gauge") assert(value >= 0, line);
  family.samples.set(key, value);
}

/**
 * Asserts that bounds rise, counts do not fall, and the last bucket has all.
 */
function checkHistogram({ name, samples }: Family): void {
  const buckets = [...samples].filter(([key]) =>
    key.startsWith(`${name}_bucket`)
  ).map(([key, count]) => {
    const [, bound] = /le="([^"]+)"/.exec(key)!;
    return { bound: bound === "+Inf" ? Infinity : Number(bound), count };
  });
  for (const [i, { bound, count }] of buckets.entries()) {
    const before = buckets[i - 1];
    if (!before) continue;
    assert(bound > before.bound, `${name}: bounds do not rise`);
    assert(count >= before.count, `${name}: counts fall`);
  }
  assertEquals(buckets.at(-1)?.bound, Infinity, name);
  assertEquals(buckets.at(-1)?.count, samples.get(`${name}_count`), name);
  assert(samples.has(`${name}_sum`), name);
}
