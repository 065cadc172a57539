import { assertEquals, assertStringIncludes } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { renderPage } from "../../../central/status/page.ts";
import { takeSnapshot } from "../../../central/status/snapshot.ts";
import { chooseTexts } from "../../../central/status/texts.ts";
import { madeServed } from "../../support/shown.ts";
import { replace } from "../../support/replaced.ts";
import "../../support/watchdog.ts";

Deno.test("renderPage() has each figure with its name, in its place", () => {
  const statistics = new Statistics();
  for (let i = 1; i <= 100; i++) statistics.onCommit(1, i / 1000);
  const seenAtMs = Date.UTC(2026, 0, 2, 15, 4, 5);
  {
    using _date = replace(Date, { now: () => seenAtMs });
    statistics.onStored(2, "::2");
    statistics.onRefusedBatch({ agency: 2, betCount: 1002 }, "::2");
  }
  for (let i = 0; i < 1000; i++) statistics.onRefusal("BUSY");
  statistics.onRefusal("INVALID_BET");
  const served = madeServed({ 2: 1001, 1: 20 }, {
    finished: new Set([2, 3]),
    sizeBytes: 6_000_000,
    agencies: 4,
    winnerCount: (agency) => 1000 * agency,
    certificateNotAfterMs: Date.now() + 36 * 3_600_000,
  });
  served.rates.history.push(7);
  const sources = { statistics, served };
  const html = renderPage(takeSnapshot(sources), chooseTexts("en"));
  const totals = [...html.matchAll(/<dt>(.*)<\/dt><dd id="(.*)">(.*)<\/dd>/g)];
  assertEquals(totals.map(([, ...total]) => total.join(" | ")), [
    "Bets stored | bets | 1,021",
    "Bets per second | rate | 7",
    "Batches since the start | batches | 1",
    "Refusals since the start | refusals | INVALID_BET: 1, BUSY: 1,000",
    "Connections | connections | 3",
    "Size of the store | store | 6.0 MB",
    "Commit, median | p50 | 50.00 ms",
    "Commit, 99th percentile | p99 | 99.00 ms",
    "Certificate | certificate | 1 days left",
  ]);
  const heads = [
    ...html.matchAll(/<th scope="col"(.*?)>.*?key="(.*?)">(.*?)</g),
  ];
  assertEquals(heads.map(([, ...head]) => head.join("|")), [
    ' aria-sort="ascending"|agency|Agency',
    "|bets|Bets stored",
    "|refused|Refused since the start",
    "|rate|Bets per second",
    "|lastSeenMs|Last seen",
    "|address|Address",
    "|isFinished|Finished",
    "|winners|Winners",
  ]);
  const rows = [...html.matchAll(/<tr><th scope="row">(.*)<\/td><\/tr>/g)];
  assertEquals(rows.map(([, row]) => row!.split(/<\/t[hd]><td>/).join("|")), [
    "1|20|0|0|||no|",
    "2|1,001|1,002|0|3:04:05 PM UTC|::2|yes|",
    "3|0|0|0|||yes|",
  ]);
  assertStringIncludes(html, '<p id="state" role="status">Taking bets</p>');
  assertStringIncludes(html, '<p class="axis" id="history-top">10</p>');
  assertStringIncludes(html, '<polyline points="119,9.7"></polyline>');
  assertStringIncludes(html, '<p id="draw-state">Not finished yet: 1, 4</p>');
  assertStringIncludes(html, '<html lang="en" data-words="{&quot;lang&quot;');
  assertStringIncludes(html, '<p id="empty"></p>\n<p id="more"></p>');
});

Deno.test("renderPage() shows the winners once the draw has been held", () => {
  const served = madeServed({ 2: 1 }, {
    isHeld: true,
    winnerCount: (agency) => 1002 * agency,
  });
  const sources = { statistics: new Statistics(), served };
  const html = renderPage(takeSnapshot(sources), chooseTexts("en"));
  assertStringIncludes(html, "<td>no</td><td>2,004</td></tr>");
});

Deno.test("renderPage() marks a problem", () => {
  const isMarked = (problem?: string) => {
    const served = madeServed({}, { problem });
    const snapshot = takeSnapshot({ statistics: new Statistics(), served });
    return renderPage(snapshot, chooseTexts("en")).includes('class="problem"');
  };
  assertEquals([isMarked(), isMarked("no disk")], [false, true]);
});

Deno.test("renderPage() escapes what comes from outside", () => {
  const statistics = new Statistics();
  statistics.onStored(1, `<img src="x">&'`);
  const served = madeServed({ 1: 1 }, { problem: "<i>store</i>" });
  const sources = { statistics, served };
  const html = renderPage(takeSnapshot(sources), chooseTexts("en"));
  assertStringIncludes(html, "&lt;img src=&quot;x&quot;&gt;&amp;&#39;");
  assertEquals(html.includes('<img src="x">'), false);
  assertStringIncludes(html, "&lt;i&gt;store&lt;/i&gt;");
  assertEquals(html.includes("<i>"), false);
});
