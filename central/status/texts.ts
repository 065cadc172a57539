// The status page's texts in English and Spanish.

import { parseAccept } from "./accept.ts";

export const ENGLISH = {
  lang: "en",
  title: "Lotería: the central",
  starting: "Reading the store",
  open: "Taking bets",
  held: "The draw has been held",
  stopping: "Stopping",
  problem: "Not taking bets:",
  away: "The central does not answer. Reconnecting… Figures from",
  totals: "Totals",
  bets: "Bets stored",
  rate: "Bets per second",
  batches: "Batches since the start",
  refusals: "Refusals since the start",
  connections: "Connections",
  storeSize: "Size of the store",
  commit50: "Commit, median",
  commit99: "Commit, 99th percentile",
  certificate: "Certificate",
  days: "days left",
  expired: "expired",
  history: "Bets per second in the last two minutes",
  twoMinutesAgo: "2 min ago",
  now: "now",
  draw: "Draw",
  noDraw: "There is no draw.",
  missing: "Not finished yet:",
  heldAt: "Held at",
  heldBefore: "Held before this start of the central.",
  agencies: "Agencies",
  agency: "Agency",
  refused: "Refused since the start",
  lastSeen: "Last seen",
  address: "Address",
  finished: "Finished",
  winners: "Winners",
  yes: "yes",
  no: "no",
  more: "more agencies",
  empty: "None yet. An agency appears here with its first stored bet.",
  noScript:
    "These figures do not update by themselves. Reload the page for new ones.",
};

/** The texts of one language; `lang` is its name in HTML. */
export type Texts = Readonly<Record<keyof typeof ENGLISH, string>>;

const SPANISH: Texts = {
  lang: "es",
  title: "Lotería: la central",
  starting: "Leyendo el archivo de apuestas",
  open: "Recibiendo apuestas",
  held: "Sorteo realizado",
  stopping: "Deteniéndose",
  problem: "No recibe apuestas:",
  away: "Sin noticias de la central. Reintentando… Cifras de las",
  totals: "Totales",
  bets: "Apuestas guardadas",
  rate: "Apuestas por segundo",
  batches: "Lotes desde el arranque",
  refusals: "Rechazos desde el arranque",
  connections: "Conexiones",
  storeSize: "Tamaño del archivo",
  commit50: "Commit, mediana",
  commit99: "Commit, percentil 99",
  certificate: "Certificado",
  days: "días restantes",
  expired: "vencido",
  history: "Apuestas por segundo en los últimos dos minutos",
  twoMinutesAgo: "hace 2 min",
  now: "ahora",
  draw: "Sorteo",
  noDraw: "No hay sorteo.",
  missing: "Todavía no terminaron:",
  heldAt: "Realizado a las",
  heldBefore: "Realizado antes de este arranque de la central.",
  agencies: "Agencias",
  agency: "Agencia",
  refused: "Rechazadas desde el arranque",
  lastSeen: "Última actividad",
  address: "Dirección",
  finished: "Terminó",
  winners: "Ganadores",
  yes: "sí",
  no: "no",
  more: "agencias más",
  empty:
    "Todavía ninguna. Cada agencia aparece con su primera apuesta guardada.",
  noScript: "Las cifras de este momento. Recargá la página para ver otras.",
};

/** Chooses Spanish if the browser prefers it to English, else English. */
export function chooseTexts(acceptLanguage: string | null): Texts {
  const first = parseAccept(acceptLanguage)
    .map((language) => language.split("-")[0])
    .find((language) => language === "es" || language === "en");
  return first === "es" ? SPANISH : ENGLISH;
}
