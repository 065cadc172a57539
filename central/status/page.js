// The live part of the status page. It gets a snapshot a second (snapshot.ts)
// and writes it into the document; the words come from the document itself.

import { describeSnapshot } from "./page_view.js";

const { lang, dataset } = document.documentElement;
const words = { ...dataset, lang };
/** Without news for so long, the central is away. */
const AWAY_MS = 5000;

let rows = [];
let cellsOf;
let sortKey = "agency";
let isAscending = true;
let awayTimer;

function setText(id, text) {
  const element = document.getElementById(id);
  // A screen reader is told of the state only when it changes.
  if (element.textContent !== text) element.textContent = text;
}

function markState(isProblem) {
  document.getElementById("state").classList.toggle("problem", isProblem);
}

function showAway() {
  setText("state", words.away);
  markState(true);
}

function showSnapshot(snapshot) {
  clearTimeout(awayTimer);
  awayTimer = setTimeout(showAway, AWAY_MS);
  const view = describeSnapshot(snapshot, words);
  for (const [id, text] of Object.entries(view.texts)) setText(id, text);
  markState(snapshot.problem !== "");
  document.querySelector("#history polyline")
    .setAttribute("points", view.points);
  rows = snapshot.agencies;
  cellsOf = view.cellsOf;
  showRows();
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
    const line = body.rows[i] ?? newLine(body, cellsOf(row).length);
    for (const [column, text] of cellsOf(row).entries()) {
      const cell = line.cells[column];
      if (cell.textContent !== text) cell.textContent = text;
    }
  }
}

function newLine(body, columns) {
  const line = body.insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  line.append(head);
  for (let i = 1; i < columns; i++) line.insertCell();
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
  // The page as it was sent stays until the first snapshot.
  if (cellsOf) showRows();
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
