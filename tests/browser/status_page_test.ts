import { assertEquals, assertMatch } from "@std/assert";
import { CHROMIUM, Chromium } from "../support/chromium.ts";
import { makeCourseData } from "../support/course_data.ts";
import {
  assertEnding,
  freePort,
  type RunningProgram,
  startAgency,
  startProgram,
} from "../support/programs.ts";
import { testTools } from "../support/tool.ts";

const TOTAL = 78_697;
const LISTENS = /action: listen \| result: success/;
const ENTER = 13;
const WIDTHS = [320, 390, 600, 768, 960, 961, 1000, 1400];
/** The texts that reach beyond the window. */
const CUT_OFF = `[...document.querySelectorAll("h1, h2, p, dt, dd, th, td")]
  .filter((element) => {
    const { right } = element.getBoundingClientRect();
    return right > document.documentElement.clientWidth ||
      element.scrollWidth > element.clientWidth + 1;
  }).map((element) => element.textContent)`;
/** Whether its script has begun. */
const IS_LIVE = 'document.documentElement.classList.contains("live")';
const IS_STALE = 'document.body.classList.contains("stale")';

testTools(
  [CHROMIUM],
  "the page shows a whole draw live, and comes back after a crash",
  showDraw,
);

async function showDraw(dir: string): Promise<void> {
  await makeCourseData(dir);
  const [port, statusPort] = [freePort(), freePort()];
  const start = () =>
    startProgram("server", {
      SERVER_PORT: String(port),
      SERVER_STATUS_PORT: String(statusPort),
      SERVER_STORE_FILE: `${dir}/bets.csv`,
      SERVER_DRAW_AGENCIES: "5",
    });
  await using central = start();
  await central.line(LISTENS);
  await using page = await Chromium.start();
  await page.open(`http://127.0.0.1:${statusPort}/`);
  assertEquals(await text(page, "h1"), "Lotería: la central");
  assertEquals(
    await text(page, "#draw-state"),
    "Todavía no terminaron: 1, 2, 3, 4, 5",
  );
  assertEquals(await text(page, "#state"), "Recibiendo apuestas");
  assertMatch(String(await text(page, "#empty")), /^Todavía ninguna\. /);
  assertEquals(await text(page, "#p99"), "–");

  const agencies = [1, 2, 3, 4, 5].map((agency) =>
    startAgency(agency, `${dir}/agency-{id}.csv`, port, {
      CLI_DRAW_AWAIT: "true",
    })
  );
  for (const agency of agencies) assertEnding(await agency.ending(), 0);
  await page.until(number("#bets"), (bets) => bets === TOTAL);
  await page.until(
    textOf("#draw-state"),
    (state) => String(state).startsWith("Realizado a las "),
  );
  await page.until(column(8), (winners) => `${winners}` === "2,3,3,2,0");
  assertEquals(`${await page.evaluate(column(7))}`, "sí,sí,sí,sí,sí");
  assertEquals(await text(page, "#state"), "Sorteo realizado");
  assertEquals(await text(page, "#empty"), "");
  assertMatch(String(await text(page, "#store")), /^\d,\d MB$/);
  assertMatch(String(await text(page, "#p99")), /^\d+,\d\d ms$/);
  assertEquals(page.errors, []);

  await sortByKeyboard(page);
  await assertFits(page);

  // The central stops, then starts again with the same figures.
  central.kill("SIGKILL");
  await central.ending();
  await page.until(
    textOf("#state"),
    (state) => /^Sin noticias .* Cifras de las \d/.test(`${state}`),
  );
  assertEquals(await page.evaluate(IS_STALE), true);
  await using again = start();
  await again.line(LISTENS);
  await page.until(textOf("#state"), (state) => state === "Sorteo realizado");
  await page.until(number("#bets"), (bets) => bets === TOTAL);
  assertEquals(await page.evaluate(IS_STALE), false);
  assertEquals(
    await text(page, "#draw-state"),
    "Realizado antes de este arranque de la central.",
  );
  for (const url of page.requests) {
    assertMatch(
      url,
      new RegExp(`^http://127\\.0\\.0\\.1:${statusPort}/|^data:,`),
    );
  }
  // The browser logged only that the central was not reachable.
  for (const error of page.errors) assertMatch(error, /ERR_/);
  await stop(again);
}

/** Sorts by bets in both orders, with the keyboard only. */
async function sortByKeyboard(page: Chromium): Promise<void> {
  assertEquals(`${await page.evaluate(column(1, "th"))}`, "1,2,3,4,5");
  await page.evaluate(
    'document.querySelector("thead button[data-key=bets]").focus()',
  );
  const orders = [["ascending", "5,4,3,2,1"], ["descending", "1,2,3,4,5"]];
  for (const [order, agencies] of orders) {
    await page.press("Enter", ENTER, "\r");
    const sorted =
      `document.querySelector("[aria-sort]").getAttribute("aria-sort")`;
    assertEquals(await page.evaluate(sorted), order);
    assertEquals(`${await page.evaluate(column(1, "th"))}`, agencies);
  }
}

/** Asserts that nothing is cut off at any width, in either language. */
async function assertFits(page: Chromium): Promise<void> {
  for (const language of ["es-AR", "en"]) {
    await page.send("Network.setExtraHTTPHeaders", {
      headers: { "accept-language": language },
    });
    const winners = language === "en" ? "Winners" : "Ganadores";
    await page.send("Page.reload");
    await page.until(textOf("thead th:last-child"), (text) => text === winners);
    await page.until(IS_LIVE, (isLive) => isLive === true);
    for (const width of WIDTHS) {
      await page.resize(width);
      assertEquals([width, await page.evaluate(CUT_OFF)], [width, []]);
    }
  }
  await page.send("Network.setExtraHTTPHeaders", { headers: {} });
  await page.send("Page.reload");
  await page.until(textOf("#state"), (state) => state === "Sorteo realizado");
  await page.until(IS_LIVE, (isLive) => isLive === true);
}

async function stop(central: RunningProgram): Promise<void> {
  const { code, stderr } = await central.stop();
  assertEquals([code, stderr], [0, ""]);
}

function textOf(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)})?.textContent`;
}

async function text(page: Chromium, selector: string): Promise<unknown> {
  return await page.evaluate(textOf(selector));
}

/** The number that an element shows, in any language. */
function number(selector: string): string {
  return `Number(${textOf(selector)}?.replace(/\\D/g, ""))`;
}

/** The texts of a column of the table. */
function column(index: number, tag = "td"): string {
  return `[...document.querySelectorAll("tbody ${tag}:nth-child(${index})")].map((cell) => cell.textContent)`;
}
