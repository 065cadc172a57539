// What the page says of a snapshot (snapshot.ts). Used twice: by the central for
// the page as it is first sent, and by the page's own script for all that follows.

const MAX_HISTORY = 120;
const HISTORY_HEIGHT = 30;

/**
 * Puts a snapshot into words.
 *
 * @param {import("./snapshot.ts").Snapshot} snapshot The figures.
 * @param {Record<string, string | undefined>} words Those of a language
 * (texts.ts), with its name as `lang`.
 * @param {string} [timeZone] Whose times are told, which then say so; without it,
 * those of this machine.
 * @returns The text of each element by its id, those of the cells of each agency,
 * and the points of the line of the rate.
 */
export function describeSnapshot(snapshot, words, timeZone) {
  const number = new Intl.NumberFormat(words.lang);
  const clock = new Intl.DateTimeFormat(words.lang, {
    timeStyle: "medium",
    timeZone,
  });
  const zone = timeZone ? ` ${timeZone}` : "";
  const time = (ms) => `${clock.format(ms)}${zone}`;
  const refusals = Object.entries(snapshot.refusals)
    .map(([code, count]) => `${code}: ${number.format(count)}`);
  return {
    texts: {
      "state": snapshot.problem || words.ready,
      "bets": number.format(snapshot.bets),
      "rate": number.format(snapshot.history.at(-1) ?? 0),
      "batches": number.format(snapshot.batches),
      "refusals": refusals.join(", ") || "0",
      "connections": number.format(snapshot.connections),
      "store": `${(snapshot.storeBytes / 1e6).toFixed(1)} MB`,
      "p50": `${(1000 * snapshot.commitP50).toFixed(2)} ms`,
      "p99": `${(1000 * snapshot.commitP99).toFixed(2)} ms`,
      "draw-state": describeDraw(snapshot, words, time),
      "more": snapshot.moreAgencies > 0
        ? `${number.format(snapshot.moreAgencies)} ${words.more}`
        : "",
    },
    cellsOf: (row) => [
      String(row.agency),
      number.format(row.bets),
      number.format(row.refused),
      number.format(row.rate),
      row.lastSeenMs === null ? "" : time(row.lastSeenMs),
      row.address,
      row.isFinished ? words.yes : words.no,
      row.winners === null ? "" : number.format(row.winners),
    ],
    points: historyPoints(snapshot.history),
  };
}

function describeDraw(snapshot, words, time) {
  const { drawAgencies, isDrawHeld, drawHeldAtMs, missing, missingCount } =
    snapshot;
  if (drawAgencies === 0) return words.noDraw;
  if (isDrawHeld) {
    return drawHeldAtMs === null
      ? words.heldBefore
      : `${words.heldAt} ${time(drawHeldAtMs)}`;
  }
  const rest = missingCount > missing.length ? ` … (${missingCount})` : "";
  return `${words.missing} ${missing.join(", ")}${rest}`;
}

/** The latest second is on the right. */
function historyPoints(history) {
  const most = Math.max(1, ...history);
  const left = MAX_HISTORY - history.length;
  return history.map((rate, i) => {
    const height = (HISTORY_HEIGHT - 1) * rate / most;
    return `${left + i},${(HISTORY_HEIGHT - height).toFixed(1)}`;
  }).join(" ");
}
