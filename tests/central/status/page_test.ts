import { assertEquals, assertStringIncludes } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { renderPage } from "../../../central/status/page.ts";
import { takeSnapshot } from "../../../central/status/snapshot.ts";
import { chooseTexts } from "../../../central/status/texts.ts";
import { madeServed } from "../../support/shown.ts";
import "../../support/watchdog.ts";

Deno.test("renderPage() has a name for each figure", () => {
  const statistics = new Statistics();
  statistics.onStored(1, "::1");
  const served = madeServed({ 1: 20 }, {
    sizeBytes: 500_000,
    certificateNotAfterMs: Date.now() + 36 * 3_600_000,
  });
  served.rates.history.push(7);
  statistics.onCommit(1, 0.003);
  const sources = { statistics, served };
  const html = renderPage(takeSnapshot(sources), chooseTexts("en"));
  const totals = [...html.matchAll(/<dt>(.*)<\/dt><dd id="(.*)">(.*)<\/dd>/g)];
  assertEquals(totals.map(([, ...total]) => total.join(" | ")), [
    "Bets stored | bets | 20",
    "Bets per second | rate | 7",
    "Batches since the start | batches | 1",
    "Refusals since the start | refusals | 0",
    "Connections | connections | 3",
    "Size of the store | store | 0.5 MB",
    "Commit, median | p50 | 3.00 ms",
    "Commit, 99th percentile | p99 | 3.00 ms",
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
  assertEquals(html.match(/<td>/g)?.length, heads.length - 1);
  assertStringIncludes(html, '<p class="axis" id="history-top">10</p>');
  assertStringIncludes(html, '<polyline points="119,9.7"></polyline>');
  assertStringIncludes(html, '<p id="draw-state">There is no draw.</p>');
  assertStringIncludes(html, '<html lang="en" data-words="{&quot;lang&quot;');
  assertStringIncludes(html, '<p id="empty"></p>\n<p id="more"></p>');
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
