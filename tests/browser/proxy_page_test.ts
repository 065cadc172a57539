import { assertEquals, assertMatch } from "@std/assert";
import { CHROMIUM, Chromium } from "../support/chromium.ts";
import { within } from "../support/deadline.ts";
import { startNginx } from "../support/nginx.ts";
import { freePort, startProgram } from "../support/programs.ts";
import type { RunningProgram } from "../support/programs.ts";
import { testTools } from "../support/tool.ts";

const STATE = 'document.getElementById("state")?.textContent';
const IS_STALE = 'document.body?.classList.contains("stale")';
const MAX_WATCHERS = 64;
/** nginx keeps events for seconds where it may. */
const EVENTS_LIMIT_MS = 5_000;

async function startCentral(
  dir: string,
  statusPort: number,
): Promise<RunningProgram> {
  const central = startProgram("server", {
    SERVER_PORT: "0",
    SERVER_STATUS_PORT: String(statusPort),
    SERVER_STORE_FILE: `${dir}/bets.csv`,
  });
  await central.line(/action: listen \| result: success/);
  return central;
}

testTools(
  ["nginx"],
  "events come at once through an nginx with its defaults",
  async (dir) => {
    const [port, statusPort] = [freePort(), freePort()];
    await using _central = await startCentral(dir, statusPort);
    await using _nginx = await startNginx(dir, port, statusPort);
    const { body } = await fetch(`http://127.0.0.1:${port}/events`, {
      headers: { "accept-encoding": "gzip" },
    });
    let text = "";
    async function readTwo(): Promise<void> {
      for await (const part of body!.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (text.match(/^data: .*}$/gm)?.length === 2) return;
      }
    }
    await within(readTwo(), () => `got only: ${text}`, EVENTS_LIMIT_MS);
  },
);

testTools(
  ["nginx", CHROMIUM],
  "the page comes back after a proxy's 502 and after too many watchers",
  async (dir) => {
    const [port, statusPort] = [freePort(), freePort()];
    const central = await startCentral(dir, statusPort);
    await using _nginx = await startNginx(dir, port, statusPort);
    await using page = await Chromium.start();
    await page.open(`http://127.0.0.1:${port}/`);
    await page.until(STATE, (state) => state === "Recibiendo apuestas");

    await central.stop();
    await page.until(IS_STALE, (isStale) => isStale === true);
    const state = String(await page.evaluate(STATE));
    assertMatch(state, /^Sin noticias .* Cifras de las \d/);
    // Meanwhile nginx answers it with 502.
    await page.until(
      'performance.getEntriesByName(new URL("events", location)).length',
      (answers) => Number(answers) >= 2,
    );
    assertEquals(await page.evaluate(STATE), state);

    await using _again = await startCentral(dir, statusPort);
    await page.until(STATE, (state) => state === "Recibiendo apuestas");
    assertEquals(await page.evaluate(IS_STALE), false);

    const url = `http://127.0.0.1:${statusPort}/events`;
    const watchers: Response[] = [];
    await page.open("about:blank");
    // The page's own place is free once nginx has noticed that it has left.
    while (watchers.length < MAX_WATCHERS) {
      const watcher = await fetch(url);
      if (watcher.status === 200) watchers.push(watcher);
      else await watcher.body?.cancel();
    }
    await page.open(`http://127.0.0.1:${port}/`);
    await page.until(STATE, (state) => /^Sin noticias/.test(String(state)));
    for (const { body } of watchers) await body?.cancel();
    await page.until(STATE, (state) => state === "Recibiendo apuestas");
  },
);
