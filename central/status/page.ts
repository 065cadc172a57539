/**
 * The status page as HTML, with the figures of one moment in it, so that it is
 * of use without its script.
 *
 * @module
 */

import type { AgencyRow, Snapshot } from "./snapshot.ts";
import type { Texts } from "./texts.ts";

/** The columns of the agencies' table, by the names of their figures. */
const COLUMNS: readonly [key: keyof AgencyRow, text: keyof Texts][] = [
  ["agency", "agency"],
  ["bets", "bets"],
  ["refused", "refused"],
  ["rate", "rate"],
  ["lastSeenMs", "lastSeen"],
  ["address", "address"],
  ["isFinished", "finished"],
  ["winners", "winners"],
];

/**
 * Renders the page.
 *
 * @param snapshot The figures.
 * @param texts The language.
 * @returns The whole document.
 */
export function renderPage(snapshot: Snapshot, texts: Texts): string {
  const totals: [id: string, name: string, value: string][] = [
    ["bets", texts.bets, String(snapshot.bets)],
    ["rate", texts.rate, String(snapshot.history.at(-1) ?? 0)],
    ["batches", texts.batches, String(snapshot.batches)],
    ["refusals", texts.refusals, formatRefusals(snapshot)],
    ["connections", texts.connections, String(snapshot.connections)],
    ["store", texts.storeSize, `${(snapshot.storeBytes / 1e6).toFixed(1)} MB`],
    ["p50", texts.commit50, `${(1000 * snapshot.commitP50).toFixed(2)} ms`],
    ["p99", texts.commit99, `${(1000 * snapshot.commitP99).toFixed(2)} ms`],
  ];
  return `<!doctype html>
<html lang="${texts.lang}" data-yes="${texts.yes}" data-no="${texts.no}" data-ready="${texts.ready}" data-away="${texts.away}" data-no-draw="${texts.noDraw}" data-missing="${texts.missing}" data-held-at="${texts.heldAt}" data-held-before="${texts.heldBefore}" data-more="${texts.more}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.title}</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="data:,">
<script src="page.js" defer></script>
</head>
<body>
<header>
<h1>${texts.title}</h1>
<p id="state" role="status"${snapshot.problem ? ' class="problem"' : ""}>${
    escapeHtml(snapshot.problem || texts.ready)
  }</p>
<noscript><p>${texts.noScript}</p></noscript>
</header>
<main>
<section aria-labelledby="totals">
<h2 id="totals">${texts.totals}</h2>
<dl>
${
    totals.map(([id, name, value]) =>
      `<div><dt>${name}</dt><dd id="${id}">${escapeHtml(value)}</dd></div>`
    ).join("\n")
  }
</dl>
<svg id="history" viewBox="0 0 120 30" preserveAspectRatio="none" role="img" aria-label="${texts.history}"><polyline points="${
    historyPoints(snapshot.history)
  }"></polyline></svg>
</section>
<section aria-labelledby="draw">
<h2 id="draw">${texts.draw}</h2>
<p id="draw-state">${escapeHtml(describeDraw(snapshot, texts))}</p>
</section>
<section aria-labelledby="agencies">
<h2 id="agencies">${texts.agencies}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="agencies">
<table>
<thead><tr>${
    COLUMNS.map(([key, text]) =>
      `<th scope="col"${
        key === "agency" ? ' aria-sort="ascending"' : ""
      }><button type="button" data-key="${key}">${texts[text]}</button></th>`
    ).join("")
  }</tr></thead>
<tbody>
${snapshot.agencies.map((row) => renderRow(row, texts)).join("\n")}
</tbody>
</table>
</div>
<p id="more">${
    snapshot.moreAgencies > 0 ? `${snapshot.moreAgencies} ${texts.more}` : ""
  }</p>
</section>
</main>
</body>
</html>
`;
}

function renderRow(row: AgencyRow, texts: Texts): string {
  const lastSeen = row.lastSeenMs === null
    ? ""
    : new Date(row.lastSeenMs).toISOString().slice(11, 19);
  const cells = [
    row.bets,
    row.refused,
    row.rate,
    lastSeen,
    row.address,
    row.isFinished ? texts.yes : texts.no,
    row.winners ?? "",
  ];
  return `<tr><th scope="row">${row.agency}</th>${
    cells.map((cell) => `<td>${escapeHtml(String(cell))}</td>`).join("")
  }</tr>`;
}

function formatRefusals({ refusals }: Snapshot): string {
  const entries = Object.entries(refusals);
  if (entries.length === 0) return "0";
  return entries.map(([code, count]) => `${code}: ${count}`).join(", ");
}

function describeDraw(snapshot: Snapshot, texts: Texts): string {
  const { drawAgencies, isDrawHeld, drawHeldAtMs, missing, missingCount } =
    snapshot;
  if (drawAgencies === 0) return texts.noDraw;
  if (!isDrawHeld) {
    const rest = missingCount > missing.length ? ` … (${missingCount})` : "";
    return `${texts.missing} ${missing.join(", ")}${rest}`;
  }
  if (drawHeldAtMs === null) return texts.heldBefore;
  const time = new Date(drawHeldAtMs).toISOString().slice(11, 19);
  return `${texts.heldAt} ${time} UTC`;
}

/** The line of the rate in a box of 120 by 30, the latest second on the right. */
function historyPoints(history: readonly number[]): string {
  const most = Math.max(1, ...history);
  const left = 120 - history.length;
  return history.map((rate, i) =>
    `${left + i},${(30 - 29 * rate / most).toFixed(1)}`
  ).join(" ");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}
