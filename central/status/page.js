// The live part of the status page. It gets a snapshot a second (snapshot.ts)
// and writes it into the document; the words come from the document itself.

import { describeSnapshot, timeFormat } from "./page_view.js";

const words = JSON.parse(document.documentElement.dataset.words);
/** Without a snapshot for this long, the central does not answer. */
const AWAY_MS = 5000;
/** Wait before reconnecting after the browser has given up. */
const RECONNECT_MS = 5000;

/** When the figures that are shown arrived. */
let shownAtMs = Date.now();
let rows = [];
let cellsOf;
let sortKey = "agency";
let isAscending = true;
let awayTimer;

function setText(id, text) {
  const element = document.getElementById(id);
  // A screen reader announces each assignment, even of the same text.
  if (element.textContent !== text) element.textContent = text;
}

function markState(isProblem) {
  document.getElementById("state").classList.toggle("problem", isProblem);
}

function showAway() {
  setText("state", `${words.away} ${timeFormat(words)(shownAtMs)}.`);
  markState(true);
  document.body.classList.add("stale");
}

function showSnapshot(snapshot) {
  shownAtMs = Date.now();
  document.body.classList.remove("stale");
  const view = describeSnapshot(snapshot, words);
  for (const [id, text] of Object.entries(view.texts)) setText(id, text);
  markState(snapshot.phase === "problem");
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
    const line = body.rows[i] ?? newLine(body);
    for (const [column, text] of cellsOf(row).entries()) {
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
  for (let i = 1; i < headings().length; i++) line.insertCell();
  labelCells(line);
  return line;
}

/** A narrow window shows each cell with the name of its column. */
function labelCells(line) {
  for (const [i, { textContent }] of headings().entries()) {
    line.cells[i].dataset.label = textContent;
  }
}

function headings() {
  return [...document.querySelectorAll("thead th")];
}

function sortBy(button) {
  const { key } = button.dataset;
  isAscending = key === sortKey ? !isAscending : true;
  sortKey = key;
  for (const head of headings()) head.removeAttribute("aria-sort");
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

for (const line of document.querySelectorAll("tbody tr")) labelCells(line);
document.documentElement.classList.add("live");

function connect() {
  const events = new EventSource("events");
  function reconnect() {
    events.close();
    showAway();
    setTimeout(connect, RECONNECT_MS);
  }
  events.addEventListener("message", ({ data }) => {
    clearTimeout(awayTimer);
    // A connection that says nothing may be dead without an error.
    awayTimer = setTimeout(reconnect, AWAY_MS);
    showSnapshot(JSON.parse(data));
  });
  events.addEventListener("error", () => {
    clearTimeout(awayTimer);
    // The browser tries again by itself, but not after an answer such as 502.
    if (events.readyState === EventSource.CLOSED) reconnect();
    else showAway();
  });
}

connect();
