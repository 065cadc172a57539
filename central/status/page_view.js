// Formats a snapshot (snapshot.ts) for the status page. Used twice: by the central
// for the page that it sends, and by the page's own script for each update.

const MAX_HISTORY = 120;
const HISTORY_HEIGHT = 30;
const DAY_MS = 86_400_000;

/**
 * Formats a snapshot as texts.
 *
 * @param {import("./snapshot.ts").Snapshot} snapshot The figures.
 * @param {import("./texts.ts").Texts} words The texts of one language.
 * @param {string} [timeZone] Time zone to show, and to name; local if omitted.
 * @returns The text of each element by its id, a function that returns the texts
 * of an agency's cells, and the points of the rate's polyline.
 */
export function describeSnapshot(snapshot, words, timeZone) {
  const { history } = snapshot;
  const number = numberFormat(words, 0);
  const time = timeFormat(words, timeZone);
  const top = roundUp(Math.max(...history));
  const refusals = Object.entries(snapshot.refusals)
    .map(([code, count]) => `${code}: ${number(count)}`);
  return {
    texts: {
      "state": describeState(snapshot, words),
      "bets": number(snapshot.bets),
      "rate": number(history.at(-1) ?? 0),
      "batches": number(snapshot.batches),
      "refusals": refusals.join(", ") || "0",
      "connections": number(snapshot.connections),
      "store": describeSize(snapshot.storeBytes, words),
      "p50": describeCommit(snapshot.commitP50, words),
      "p99": describeCommit(snapshot.commitP99, words),
      "certificate": describeExpiry(snapshot.certificateNotAfterMs, words),
      "history-top": number(top),
      "draw-state": describeDraw(snapshot, words, time),
      "empty": snapshot.agencies.length > 0
        ? ""
        : describeWait(snapshot, words),
      "more": snapshot.moreAgencies > 0
        ? `${number(snapshot.moreAgencies)} ${words.more}`
        : "",
    },
    cellsOf: (row) => [
      String(row.agency),
      number(row.bets),
      number(row.refused),
      number(row.rate),
      row.lastSeenMs === null ? "" : time(row.lastSeenMs),
      row.address,
      row.isFinished ? words.yes : words.no,
      row.winners === null ? "" : number(row.winners),
    ],
    points: historyPoints(history, top),
  };
}

/** Returns a function that formats a time in milliseconds since 1970. */
export function timeFormat({ lang }, timeZone) {
  const clock = new Intl.DateTimeFormat(lang, {
    timeStyle: "medium",
    timeZone,
  });
  const zone = timeZone ? ` ${timeZone}` : "";
  return (ms) => `${clock.format(ms)}${zone}`;
}

function numberFormat({ lang }, digits) {
  const format = new Intl.NumberFormat(lang, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: "always",
  });
  return (value) => format.format(value);
}

function describeSize(bytes, words) {
  return bytes === null ? "–" : `${numberFormat(words, 1)(bytes / 1e6)} MB`;
}

function describeExpiry(notAfterMs, words) {
  if (notAfterMs === null) return "";
  const days = Math.floor((notAfterMs - Date.now()) / DAY_MS);
  return days < 0
    ? words.expired
    : `${numberFormat(words, 0)(days)} ${words.days}`;
}

/** 0 means that nothing was committed yet. */
function describeCommit(seconds, words) {
  return seconds === 0 ? "–" : `${numberFormat(words, 2)(1000 * seconds)} ms`;
}

function describeState({ phase, problem }, words) {
  return phase === "problem" ? `${words.problem} ${problem}` : words[phase];
}

function describeWait({ phase }, words) {
  return phase === "starting" ? words.starting : words.empty;
}

function describeDraw(snapshot, words, time) {
  const { drawAgencies, isDrawHeld, drawHeldAtMs, missing, missingCount } =
    snapshot;
  if (snapshot.phase === "starting") return words.starting;
  if (drawAgencies === 0) return words.noDraw;
  if (isDrawHeld) {
    return drawHeldAtMs === null
      ? words.heldBefore
      : `${words.heldAt} ${time(drawHeldAtMs)}`;
  }
  const rest = missingCount > missing.length ? ` … (${missingCount})` : "";
  return `${words.missing} ${missing.join(", ")}${rest}`;
}

/** Returns 1, 2 or 5 times a power of ten, at least 10: the top of the axis. */
function roundUp(rate) {
  const power = 10 ** Math.floor(Math.log10(Math.max(10, rate)));
  return [1, 2, 5, 10].map((digit) => digit * power)
    .find((top) => top >= rate);
}

/** The latest second is on the right. */
function historyPoints(history, top) {
  const left = MAX_HISTORY - history.length;
  return history.map((rate, i) => {
    const height = (HISTORY_HEIGHT - 1) * rate / top;
    return `${left + i},${(HISTORY_HEIGHT - height).toFixed(1)}`;
  }).join(" ");
}
