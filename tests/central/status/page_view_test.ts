import { assertEquals } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { describeSnapshot } from "../../../central/status/page_view.js";
import {
  type Snapshot,
  type Sources,
  takeSnapshot,
} from "../../../central/status/snapshot.ts";
import { chooseTexts } from "../../../central/status/texts.ts";
import { madeServed } from "../../support/shown.ts";
import "../../support/watchdog.ts";

const LANGUAGES = ["es-AR", "en"] as const;

/** What the page says in Spanish and in English. */
function texts(id: string, snapshot: Snapshot): string[] {
  return LANGUAGES.map((language) => {
    const view = describeSnapshot(snapshot, chooseTexts(language), "UTC");
    return (view.texts as Record<string, string>)[id]!;
  });
}

function snapshotOf(sources: Partial<Sources>): Snapshot {
  return takeSnapshot({ statistics: new Statistics(), ...sources });
}

Deno.test("describeSnapshot() says what the central does", () => {
  const draw = { agencies: 2, isHeld: true, finished: new Set([1, 2]) };
  const problem = "No space left on device";
  const states: [Partial<Sources>, string, string][] = [
    [{}, "Leyendo el archivo de apuestas", "Reading the store"],
    [{ served: madeServed({}) }, "Recibiendo apuestas", "Taking bets"],
    [
      { served: madeServed({ 1: 1 }, draw) },
      "Sorteo realizado",
      "The draw has been held",
    ],
    [
      { served: madeServed({}, { problem }) },
      `No recibe apuestas: ${problem}`,
      `Not taking bets: ${problem}`,
    ],
    [
      { served: madeServed({ 1: 1 }, { ...draw, problem }) },
      `No recibe apuestas: ${problem}`,
      `Not taking bets: ${problem}`,
    ],
    [
      { served: madeServed({}), isStopping: true },
      "Deteniéndose",
      "Stopping",
    ],
  ];
  for (const [sources, ...expected] of states) {
    assertEquals(texts("state", snapshotOf(sources)), expected);
  }
});

Deno.test("describeSnapshot() has nothing to say of what is not known yet", () => {
  const { texts } = describeSnapshot(snapshotOf({}), chooseTexts("en"), "UTC");
  assertEquals(texts, {
    "state": "Reading the store",
    "bets": "0",
    "rate": "0",
    "batches": "0",
    "refusals": "0",
    "connections": "0",
    "store": "–",
    "p50": "–",
    "p99": "–",
    "certificate": "",
    "history-top": "10",
    "draw-state": "Reading the store",
    "empty": "Reading the store",
    "more": "",
  });
});

Deno.test("describeSnapshot() writes numbers as the language does", () => {
  const snapshot = {
    ...snapshotOf({ served: madeServed({ 1: 1234567 }) }),
    batches: 1234,
    storeBytes: 1_640_000,
    commitP50: 0.0054912,
    commitP99: 1.5,
  };
  assertEquals(texts("bets", snapshot), ["1.234.567", "1,234,567"]);
  assertEquals(texts("batches", snapshot), ["1.234", "1,234"]);
  assertEquals(texts("store", snapshot), ["1,6 MB", "1.6 MB"]);
  assertEquals(texts("p50", snapshot), ["5,49 ms", "5.49 ms"]);
  assertEquals(texts("p99", snapshot), ["1.500,00 ms", "1,500.00 ms"]);
});

Deno.test("describeSnapshot() counts the days of a certificate", () => {
  const DAY_MS = 86_400_000;
  const expected: [days: number | undefined, string[]][] = [
    [undefined, ["", ""]],
    [1234.5, ["1.234 días restantes", "1,234 days left"]],
    [0.5, ["0 días restantes", "0 days left"]],
    [-0.1, ["vencido", "expired"]],
  ];
  for (const [days, said] of expected) {
    const parts = days === undefined
      ? {}
      : { certificateNotAfterMs: Date.now() + days * DAY_MS };
    const served = madeServed({}, parts);
    assertEquals(texts("certificate", snapshotOf({ served })), said);
  }
});

Deno.test("describeSnapshot() says what an empty table waits for", () => {
  assertEquals(texts("empty", snapshotOf({ served: madeServed({}) })), [
    "Todavía ninguna. Cada agencia aparece con su primera apuesta guardada.",
    "None yet. An agency appears here with its first stored bet.",
  ]);
  const served = madeServed({ 3: 1 });
  assertEquals(texts("empty", snapshotOf({ served })), ["", ""]);
});

Deno.test("describeSnapshot() draws the rate under a round top", () => {
  const tops = [
    [[], "10", ""],
    [[0], "10", "119,30.0"],
    [[10, 5], "10", "118,1.0 119,15.5"],
    [[11], "20", "119,14.1"],
    [[200], "200", "119,1.0"],
    [[201], "500", "119,18.3"],
    [[501], "1,000", "119,15.5"],
    [[123_456], "200,000", "119,12.1"],
  ] as const;
  for (const [history, top, points] of tops) {
    const snapshot = { ...snapshotOf({}), history: [...history] };
    const view = describeSnapshot(snapshot, chooseTexts("en"));
    assertEquals([view.texts["history-top"], view.points], [top, points]);
  }
});

Deno.test("describeSnapshot() tells how far the draw is", () => {
  const heldAtMs = Date.UTC(2026, 0, 2, 15, 4, 5);
  const draws: [Parameters<typeof madeServed>[1], string][] = [
    [{}, "No hay sorteo."],
    [
      { agencies: 3, finished: new Set([2]) },
      "Todavía no terminaron: 1, 3",
    ],
    [
      { agencies: 1, isHeld: true, heldAtMs },
      "Realizado a las 15:04:05 UTC",
    ],
    [
      { agencies: 1, isHeld: true },
      "Realizado antes de este arranque de la central.",
    ],
  ];
  for (const [parts, expected] of draws) {
    const served = madeServed({}, parts);
    assertEquals(texts("draw-state", snapshotOf({ served }))[0], expected);
  }
  const served = madeServed({}, { agencies: 60 });
  const [long] = texts("draw-state", snapshotOf({ served }));
  assertEquals(long?.endsWith("49, 50 … (60)"), true);
});

Deno.test("chooseTexts() takes the language that is preferred", () => {
  const chosen: [string | null, string][] = [
    [null, "en"],
    ["", "en"],
    ["es", "es"],
    ["es-419,es;q=0.9", "es"],
    ["en;q=0.5, es;q=0.8", "es"],
    ["fr, en-GB;q=0.7, es;q=0.3", "en"],
    ["es;q=0", "en"],
    ["eslavo", "en"],
    ["ES-ar", "es"],
  ];
  for (const [header, lang] of chosen) {
    assertEquals([header, chooseTexts(header).lang], [header, lang]);
  }
});
