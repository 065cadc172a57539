// Bets drawn from a seed, valid and nearly valid. Each run of the tests draws
// another seed, which stands in the names of the tests that use it; to draw the
// same again: `deno test FILE -- --seed=N`.

import { type Bet, FIELD_KEYS, MAX_FIELD_BYTES } from "../../bet/bet.ts";
import { BAD_FIELDS } from "./bad_fields.ts";

/** The seed of this run: from the arguments, otherwise random. */
export const SEED: number = seedOf(Deno.args);

const SEEDS = 2 ** 32;
const ENCODER = new TextEncoder();
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const FIRST_DAY = Date.parse("0001-01-01T00:00:00Z");
/** Characters of 1 to 4 bytes, some with a meaning in CSV or in the mark. */
const NAME_CHARACTERS = [...`aZ mñÁéü,",":;'-.ß€中\u{a0}\u{200d}\u{ffff}😀𐍈`];
const BLANK_REGEXP = /^[\p{Zs}\u{200d}]*$/u;
/** Invalid in any field, or only in others. */
const SPOILERS = [
  ...BAD_FIELDS.flatMap(([, , texts]) => texts),
  ...["4294967295", "0".repeat(10), "7".repeat(20), "x".repeat(255)],
  ...["2000-02-29", "0001-01-01", "9999-12-31"],
].map((text) => ENCODER.encode(text));

/** Draws numbers: the same ones from the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // The state must not be 0; near seeds are driven apart by the odd factor.
    this.#state = Math.imul(seed, 0x9e3779b1) | 0 || 1;
  }

  /** Draws a whole number. */
  below(limit: number): number {
    // Marsaglia's xorshift of 32 bits.
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor((this.#state >>> 0) / 2 ** 32 * limit);
  }

  /** Draws one of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Draws bytes. */
  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }

  /** Draws a whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.below(SEEDS) < probability * SEEDS;
  }

  /**
   * Starts an own sequence for each concurrent task: the seed does not determine
   * the order in which tasks draw.
   */
  fork(): Random {
    return new Random(this.below(SEEDS));
  }
}

/**
 * Draws valid bets: names of 1 to 255 bytes with accents, quotes and commas,
 * documents of 1 to 20 digits, every day that exists, numbers up to the
 * largest.
 */
export function randomBets(random: Random, count: number): Bet[] {
  return Array.from({ length: count }, () => ({
    firstName: randomName(random),
    lastName: randomName(random),
    document: randomDigits(random, 1 + random.below(20)),
    birthdate: randomBirthdate(random),
    number: String(random.below(2 ** (1 + random.below(32)))),
  }));
}

/**
 * Draws the five fields of a bet that may just break a rule: a field or a byte
 * of a valid bet is another one, in most of them.
 */
export function nearlyValidFields(random: Random): Uint8Array[] {
  const [bet] = randomBets(random, 1);
  const fields = FIELD_KEYS.map((key) => ENCODER.encode(bet![key]));
  const spoilt = random.below(fields.length);
  const field = fields[spoilt]!;
  switch (random.below(4)) {
    case 0:
      fields[spoilt] = random.pick(SPOILERS);
      break;
    case 1:
      field[random.below(field.length)] = random.below(256);
      break;
    case 2:
      fields[spoilt] = field.subarray(0, random.below(field.length));
      break;
  }
  return fields;
}

function randomName(random: Random): string {
  if (random.below(20) === 0) return "ñ".repeat(127) + "x";
  const size = random.pick([1, 1 + random.below(20), MAX_FIELD_BYTES]);
  let name = "";
  for (let left = size; left > 0;) {
    const character = random.pick(NAME_CHARACTERS);
    const bytes = ENCODER.encode(character).length;
    if (bytes > left) continue;
    name += character;
    left -= bytes;
  }
  return BLANK_REGEXP.test(name) ? "x" : name;
}

function randomDigits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join("");
}

function randomBirthdate(random: Random): string {
  const days = random.below(
    (Date.UTC(9999, 11, 31) - FIRST_DAY) / DAY_MILLISECONDS + 1,
  );
  return new Date(FIRST_DAY + days * DAY_MILLISECONDS).toISOString()
    .slice(0, "YYYY-MM-DD".length);
}

function seedOf(args: readonly string[]): number {
  const given = args.map((arg) => /^--seed=(\d+)$/.exec(arg)?.[1])
    .find((seed) => seed !== undefined);
  return given === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]!
    : Number(given);
}
