/**
 * Entry of `deno task screenshots`: takes the pictures of the status page that
 * the documentation shows.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Chromium } from "../support/chromium.ts";
import { WAIT_LIMIT_MS } from "../support/deadline.ts";
import { makeCourseData } from "../support/course_data.ts";
import { freePort, startAgency, startProgram } from "../support/programs.ts";

const FOLDER = fileURLToPath(new URL("../../docs/", import.meta.url));
/** Each picture: its size in CSS pixels, colour scheme and language. */
const PICTURES = [
  { name: "images/status-light", width: 1000, scheme: "light", language: "en" },
  { name: "images/status-dark", width: 1000, scheme: "dark", language: "en" },
  { name: "images/status-phone", width: 390, scheme: "light", language: "en" },
  {
    name: "es/images/status-light",
    width: 1000,
    scheme: "light",
    language: "es-AR",
  },
];
const HEIGHT = 900;
/** Small batches, so that there is something to see. */
const SLOW = { CLI_BATCH_MAXAMOUNT: "5" };
const AGENCIES = [1, 2, 3, 4, 5];

const dir = await Deno.makeTempDir();
try {
  await takePictures(dir);
} finally {
  await Deno.remove(dir, { recursive: true });
}

async function takePictures(dir: string): Promise<void> {
  await makeCourseData(dir);
  await using central = startProgram("server", {
    SERVER_PORT: "0",
    SERVER_STATUS_PORT: String(freePort()),
    SERVER_STORE_FILE: `${dir}/bets.csv`,
    SERVER_DRAW_AGENCIES: "5",
  });
  const [url] = await central.line(/http:\S+/);
  const [, port] = await central.line(/action: listen .* port: (\d+)/);
  await using page = await Chromium.start();
  await page.open(url);
  const agencies = AGENCIES.map((agency) =>
    startAgency(agency, `${dir}/agency-{id}.csv`, Number(port), SLOW)
  );
  // By then half of the agencies have finished.
  await page.until(
    'document.querySelectorAll("tbody tr td:nth-child(7)").length && [...document.querySelectorAll("tbody tr")].filter((row) => row.cells[6].textContent === "sí").length',
    (count) => Number(count) >= 2,
    WAIT_LIMIT_MS,
  );
  for (const picture of PICTURES) await takePicture(page, picture);
  for (const agency of agencies) await agency.ending();
}

async function takePicture(
  page: Chromium,
  { name, width, scheme, language }: typeof PICTURES[number],
): Promise<void> {
  await page.resize(width, HEIGHT);
  await page.send("Network.setExtraHTTPHeaders", {
    headers: { "accept-language": language },
  });
  await page.send("Page.reload");
  await page.until(
    "document.documentElement?.dataset.words && document.documentElement.lang",
    (lang) => lang === language.slice(0, 2),
  );
  await page.until(
    'document.documentElement.classList.contains("live")',
    (isLive) => isLive === true,
  );
  await page.send("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: scheme }],
  });
  const { data } = await page.send("Page.captureScreenshot");
  const bytes = Uint8Array.fromBase64(data as string);
  await Deno.writeFile(`${FOLDER}${name}.png`, bytes);
}
