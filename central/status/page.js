// The live part of the status page. It gets a snapshot a second (snapshot.ts)
// and writes it into the document; the words come from the document itself.

const words = document.documentElement.dataset;
const format = new Intl.NumberFormat(document.documentElement.lang);
const time = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeStyle: "medium",
});
/** Without news for so long, the central is away. */
const AWAY_MS = 5000;
const MAX_HISTORY = 120;
const CELLS = [
  (row) => format.format(row.bets),
  (row) => format.format(row.refused),
  (row) => format.format(row.rate),
  (row) => row.lastSeenMs === null ? "" : time.format(row.lastSeenMs),
  (row) => row.address,
  (row) => row.isFinished ? words.yes : words.no,
  (row) => row.winners === null ? "" : format.format(row.winners),
];

let rows = [];
let sortKey = "agency";
let isAscending = true;
let awayTimer;

function setText(id, text) {
  const element = document.getElementById(id);
  // A screen reader is told of the state only when it changes.
  if (element.textContent !== text) element.textContent = text;
}

function showState(text, isProblem) {
  setText("state", text);
  document.getElementById("state").classList.toggle("problem", isProblem);
}

function showAway() {
  showState(words.away, true);
}

function showSnapshot(snapshot) {
  clearTimeout(awayTimer);
  awayTimer = setTimeout(showAway, AWAY_MS);
  showState(snapshot.problem || words.ready, snapshot.problem !== "");
  setText("bets", format.format(snapshot.bets));
  setText("rate", format.format(snapshot.history.at(-1) ?? 0));
  setText("batches", format.format(snapshot.batches));
  const refusals = Object.entries(snapshot.refusals)
    .map(([code, count]) => `${code}: ${format.format(count)}`);
  setText("refusals", refusals.join(", ") || "0");
  setText("connections", format.format(snapshot.connections));
  setText("store", `${(snapshot.storeBytes / 1e6).toFixed(1)} MB`);
  setText("p50", `${(1000 * snapshot.commitP50).toFixed(2)} ms`);
  setText("p99", `${(1000 * snapshot.commitP99).toFixed(2)} ms`);
  showHistory(snapshot.history);
  setText("draw-state", describeDraw(snapshot));
  setText(
    "more",
    snapshot.moreAgencies > 0
      ? `${format.format(snapshot.moreAgencies)} ${words.more}`
      : "",
  );
  rows = snapshot.agencies;
  showRows();
}

function showHistory(history) {
  const most = Math.max(1, ...history);
  const left = MAX_HISTORY - history.length;
  const points = history.map((rate, i) =>
    `${left + i},${(30 - 29 * rate / most).toFixed(1)}`
  );
  document.querySelector("#history polyline")
    .setAttribute("points", points.join(" "));
}

function describeDraw(snapshot) {
  if (snapshot.drawAgencies === 0) return words.noDraw;
  if (snapshot.isDrawHeld) {
    return snapshot.drawHeldAtMs === null
      ? words.heldBefore
      : `${words.heldAt} ${time.format(snapshot.drawHeldAtMs)}`;
  }
  const { missing, missingCount } = snapshot;
  const rest = missingCount > missing.length ? ` … (${missingCount})` : "";
  return `${words.missing} ${missing.join(", ")}${rest}`;
}

function compareRows(a, b) {
  const [left, right] = [a[sortKey] ?? -1, b[sortKey] ?? -1];
  const order = typeof left === "string"
    ? left.localeCompare(right)
    : left - right;
  return (isAscending ? order : -order) || a.agency - b.agency;
}

/** Changes only the cells that differ, so that focus and selection stay. */
function showRows() {
  const body = document.querySelector("tbody");
  const sorted = rows.toSorted(compareRows);
  while (body.rows.length > sorted.length) body.deleteRow(-1);
  for (const [i, row] of sorted.entries()) {
    const line = body.rows[i] ?? newLine(body);
    const texts = [String(row.agency), ...CELLS.map((cell) => cell(row))];
    for (const [column, text] of texts.entries()) {
      const cell = line.cells[column];
      if (cell.textContent !== text) cell.textContent = text;
    }
  }
}

function newLine(body) {
  const line = body.insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  line.append(head);
  for (let i = 0; i < CELLS.length; i++) line.insertCell();
  return line;
}

function sortBy(button) {
  const { key } = button.dataset;
  isAscending = key === sortKey ? !isAscending : true;
  sortKey = key;
  for (const head of document.querySelectorAll("thead th")) {
    head.removeAttribute("aria-sort");
  }
  button.parentElement.setAttribute(
    "aria-sort",
    isAscending ? "ascending" : "descending",
  );
  showRows();
}

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => sortBy(button));
}

const events = new EventSource("events");
events.addEventListener(
  "message",
  ({ data }) => showSnapshot(JSON.parse(data)),
);
// The browser connects again by itself.
events.addEventListener("error", showAway);
