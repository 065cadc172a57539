/**
 * The words of the status page in the languages that it speaks.
 *
 * @module
 */

import { parseAccept } from "./accept.ts";

/** The words in English. */
export const ENGLISH = {
  lang: "en",
  title: "Lotería: the central",
  ready: "Taking bets",
  away: "No news from the central. Trying again…",
  totals: "Totals",
  bets: "Bets stored",
  rate: "Bets per second",
  batches: "Batches",
  refusals: "Refusals",
  connections: "Connections",
  storeSize: "Size of the store",
  commit50: "Commit, median",
  commit99: "Commit, 99th percentile",
  history: "Bets per second in the last two minutes",
  draw: "Draw",
  noDraw: "There is no draw.",
  missing: "Not finished yet:",
  heldAt: "Held at",
  heldBefore: "Held before this start of the central.",
  agencies: "Agencies",
  agency: "Agency",
  refused: "Refused",
  lastSeen: "Last seen",
  address: "Address",
  finished: "Finished",
  winners: "Winners",
  yes: "yes",
  no: "no",
  more: "more agencies",
  noScript: "The figures of this moment. Reload the page for later ones.",
};

/** The words of one language, by what they say; `lang` is its name in HTML. */
export type Texts = Readonly<Record<keyof typeof ENGLISH, string>>;

const SPANISH: Texts = {
  lang: "es",
  title: "Lotería: la central",
  ready: "Recibiendo apuestas",
  away: "Sin noticias de la central. Reintentando…",
  totals: "Totales",
  bets: "Apuestas guardadas",
  rate: "Apuestas por segundo",
  batches: "Lotes",
  refusals: "Rechazos",
  connections: "Conexiones",
  storeSize: "Tamaño del almacén",
  commit50: "Commit, mediana",
  commit99: "Commit, percentil 99",
  history: "Apuestas por segundo en los últimos dos minutos",
  draw: "Sorteo",
  noDraw: "No hay sorteo.",
  missing: "Todavía no terminaron:",
  heldAt: "Realizado a las",
  heldBefore: "Realizado antes de este arranque de la central.",
  agencies: "Agencias",
  agency: "Agencia",
  refused: "Rechazadas",
  lastSeen: "Última actividad",
  address: "Dirección",
  finished: "Terminó",
  winners: "Ganadores",
  yes: "sí",
  no: "no",
  more: "agencias más",
  noScript: "Las cifras de este momento. Recargá la página para ver otras.",
};

/** Chooses Spanish if a browser prefers it to English, else English. */
export function chooseTexts(acceptLanguage: string | null): Texts {
  const first = parseAccept(acceptLanguage)
    .map((language) => language.split("-")[0])
    .find((language) => language === "es" || language === "en");
  return first === "es" ? SPANISH : ENGLISH;
}
