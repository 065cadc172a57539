/**
 * The rows of a made agency, one by one: names, document, birthdate and number,
 * drawn from a seed and written as bytes.
 *
 * @module
 */

const COMMA = 0x2c;
const SPACE = 0x20;
const DASH = 0x2d;
const ZERO = 0x30;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

const LAST_NAMES = encodeWords(`
  Acosta Aguirre Álvarez Arias Ávila Benítez Blanco Bustos Cabrera Cáceres
  Cardozo Castro Coronel Correa Díaz Domínguez Duarte Escobar Fernández Figueroa
  Flores Giménez Godoy Gómez González Gutiérrez Guzmán Hernández Herrera Ibáñez
  Juárez Ledesma López Luna Maldonado Martínez Medina Méndez Molina Morales
  Muñoz Núñez Ojeda Ortiz Páez Peña Peralta Pérez Quiñones Ramírez
  Ríos Rodríguez Romero Sánchez Sosa Suárez Torres Vázquez Véliz Zárate
`);

/** Two lists, so that the two first names of a bet come from the same one. */
const FIRST_NAMES = [
  encodeWords(`
    Adrián Álvaro Andrés Ángel Carlos César Damián Diego Fabián Germán
    Hernán Iván Javier Joaquín José Julián Martín Matías Raúl Sebastián Tomás
  `),
  encodeWords(`
    Agustina Ana Belén Carolina Cecilia Eugenia Inés Jazmín Julia Lucía
    Luz Malén María Mónica Noemí Paula Pía Rosa Sofía Verónica
  `),
] as const;

/** Most bytes of a row: its names, 22 digits and what parts the fields. */
export const MAX_ROW_BYTES: number = longest(LAST_NAMES) +
  2 * Math.max(...FIRST_NAMES.map(longest)) + 32;

/** Draws and writes rows: the same ones from the same seed and stream. */
export class MadeRows {
  readonly #random: Random;

  /**
   * Starts a stream of rows.
   *
   * @param seed Seed, of which the low 32 bits count.
   * @param stream Which of the streams of that seed: its low 32 bits count.
   */
  constructor(seed: number, stream: number) {
    this.#random = new Random(seed, stream);
  }

  /**
   * Draws the number of a bet.
   *
   * @returns A whole number from 1 to 9999.
   */
  drawNumber(): number {
    return 1 + this.#random.below(9999);
  }

  /**
   * Draws the person of a bet and writes the row.
   *
   * @param out Where to; {@linkcode MAX_ROW_BYTES} must be free from `at`.
   * @param at Position of the row.
   * @param number Number of the bet, from 1 to 9999.
   * @returns Position after the row.
   */
  put(out: Uint8Array, at: number, number: number): number {
    const random = this.#random;
    at = putFirstNames(out, at, random);
    out[at++] = COMMA;
    at = putBytes(out, at, LAST_NAMES[random.below(LAST_NAMES.length)]!);
    out[at++] = COMMA;
    at = putDigits(out, at, 20_000_000 + random.below(20_000_001));
    out[at++] = COMMA;
    at = putBirthdate(out, at, random);
    out[at++] = COMMA;
    at = putDigits(out, at, number);
    out[at++] = RETURN;
    out[at++] = NEWLINE;
    return at;
  }
}

function putFirstNames(out: Uint8Array, at: number, random: Random): number {
  const names = FIRST_NAMES[random.below(2) as 0 | 1];
  const first = random.below(names.length);
  at = putBytes(out, at, names[first]!);
  // Three of each four people have a second name, as in the real set or so.
  if (random.below(4) === 0) return at;
  out[at++] = SPACE;
  // One to a whole turn of the list less one on, hence never the same name.
  const second = first + 1 + random.below(names.length - 1);
  return putBytes(out, at, names[second % names.length]!);
}

function putBirthdate(out: Uint8Array, at: number, random: Random): number {
  const year = 1960 + random.below(46);
  const month = 1 + random.below(12);
  at = putDigits(out, at, year);
  out[at++] = DASH;
  at = putTwoDigits(out, at, month);
  out[at++] = DASH;
  return putTwoDigits(out, at, 1 + random.below(daysOfMonth(year, month)));
}

/** For 1960 to 2005 only: every fourth year of these is a leap one, 2000 too. */
function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Copies a name by hand, which for a few bytes is faster than `set`. */
function putBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i]!;
  return at;
}

function putTwoDigits(out: Uint8Array, at: number, value: number): number {
  if (value < 10) out[at++] = ZERO;
  return putDigits(out, at, value);
}

function putDigits(out: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.trunc(rest / 10)) end++;
  for (let i = end - 1; i >= at; i--) {
    out[i] = ZERO + value % 10;
    value = Math.trunc(value / 10);
  }
  return end;
}

/**
 * The generator sfc32 of Chris Doty-Humphrey's PractRand: sums and shifts of 32
 * bits only, so that every machine draws the same.
 */
class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    // The first values of near seeds are near too: its author drops a dozen.
    for (let i = 0; i < 12; i++) this.below(1);
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    const value = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + value) | 0;
    return Math.floor((value >>> 0) * limit / 0x1_0000_0000);
  }
}

function encodeWords(words: string): Uint8Array[] {
  const encoder = new TextEncoder();
  return words.trim().split(/\s+/).map((word) => encoder.encode(word));
}

function longest(words: readonly Uint8Array[]): number {
  return Math.max(...words.map((word) => word.length));
}
