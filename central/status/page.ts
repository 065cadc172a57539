// The status page as HTML with the current figures, so that it is useful
// without its script.

import { describeSnapshot } from "./page_view.js";
import type { AgencyRow, Snapshot } from "./snapshot.ts";
import type { Texts } from "./texts.ts";

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

const TOTALS: readonly [id: string, text: keyof Texts][] = [
  ["bets", "bets"],
  ["rate", "rate"],
  ["batches", "batches"],
  ["refusals", "refusals"],
  ["connections", "connections"],
  ["store", "storeSize"],
  ["p50", "commit50"],
  ["p99", "commit99"],
  ["certificate", "certificate"],
];

/** Renders the page. Its times are in UTC; the script shows local ones. */
export function renderPage(snapshot: Snapshot, texts: Texts): string {
  const view = describeSnapshot(snapshot, texts, "UTC");
  const textOf = (id: string) =>
    escapeHtml((view.texts as Record<string, string | undefined>)[id] ?? "");
  return `<!doctype html>
<html lang="${texts.lang}" data-words="${escapeHtml(JSON.stringify(texts))}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.title}</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="data:,">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1>${texts.title}</h1>
<p id="state" role="status"${
    snapshot.phase === "problem" ? ' class="problem"' : ""
  }>${textOf("state")}</p>
<noscript><p>${texts.noScript}</p></noscript>
</header>
<main>
<section aria-labelledby="totals">
<h2 id="totals">${texts.totals}</h2>
<dl>
${
    TOTALS.map(([id, text]) =>
      `<div><dt>${texts[text]}</dt><dd id="${id}">${textOf(id)}</dd></div>`
    ).join("\n")
  }
</dl>
<figure>
<figcaption>${texts.history}</figcaption>
<p class="axis" id="history-top">${textOf("history-top")}</p>
<svg id="history" viewBox="0 0 120 30" preserveAspectRatio="none" role="img" aria-label="${texts.history}"><polyline points="${view.points}"></polyline></svg>
<p class="axis"><span>0, ${texts.twoMinutesAgo}</span><span>${texts.now}</span></p>
</figure>
</section>
<section aria-labelledby="draw">
<h2 id="draw">${texts.draw}</h2>
<p id="draw-state">${textOf("draw-state")}</p>
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
${snapshot.agencies.map((row) => renderRow(view.cellsOf(row))).join("\n")}
</tbody>
</table>
</div>
<p id="empty">${textOf("empty")}</p>
<p id="more">${textOf("more")}</p>
</section>
</main>
</body>
</html>
`;
}

function renderRow([agency, ...cells]: string[]): string {
  return `<tr><th scope="row">${agency}</th>${
    cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")
  }</tr>`;
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
