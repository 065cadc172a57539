// Generates the rows of a made agency from a seed.

const LAST_NAMES = words(`
  Acosta Aguirre Álvarez Arias Ávila Benítez Blanco Bustos Cabrera Cáceres
  Cardozo Castro Coronel Correa Díaz Domínguez Duarte Escobar Fernández Figueroa
  Flores Giménez Godoy Gómez González Gutiérrez Guzmán Hernández Herrera Ibáñez
  Juárez Ledesma López Luna Maldonado Martínez Medina Méndez Molina Morales
  Muñoz Núñez Ojeda Ortiz Páez Peña Peralta Pérez Quiñones Ramírez
  Ríos Rodríguez Romero Sánchez Sosa Suárez Torres Vázquez Véliz Zárate
`);

/** Both first names of a bet come from the same list. */
const FIRST_NAMES = [
  words(`
    Adrián Álvaro Andrés Ángel Carlos César Damián Diego Fabián Germán
    Hernán Iván Javier Joaquín José Julián Martín Matías Raúl Sebastián Tomás
  `),
  words(`
    Agustina Ana Belén Carolina Cecilia Eugenia Inés Jazmín Julia Lucía
    Luz Malén María Mónica Noemí Paula Pía Rosa Sofía Verónica
  `),
] as const;

/** Generates rows: the same ones from the same seed and stream. */
export class MadeRows {
  readonly #random: Random;

  /** Only the low 32 bits of both numbers count. */
  constructor(seed: number, stream: number) {
    this.#random = new Random(seed, stream);
  }

  /** A bet's number, from 1 to 9999. */
  drawNumber(): number {
    return 1 + this.#random.below(9999);
  }

  /** Returns the row of a bet with this number, with its line end. */
  draw(number: number): string {
    const random = this.#random;
    const firstNames = drawFirstNames(random);
    const lastName = LAST_NAMES[random.below(LAST_NAMES.length)];
    const document = 20_000_000 + random.below(20_000_001);
    const birthdate = drawBirthdate(random);
    return `${firstNames},${lastName},${document},${birthdate},${number}\r\n`;
  }
}

function drawFirstNames(random: Random): string {
  const names = FIRST_NAMES[random.below(2) as 0 | 1];
  const first = random.below(names.length);
  // Three of four people have a second name, about as many as in the real set.
  if (random.below(4) === 0) return names[first]!;
  const second = first + 1 + random.below(names.length - 1);
  return `${names[first]} ${names[second % names.length]}`;
}

function drawBirthdate(random: Random): string {
  const year = 1960 + random.below(46);
  const month = 1 + random.below(12);
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const day = 1 + random.below(days);
  return `${year}-${twoDigits(month)}-${twoDigits(day)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * The generator sfc32 of Chris Doty-Humphrey's PractRand. It uses 32-bit
 * operations only, so every machine draws the same.
 */
class Random {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    // The first values of similar seeds are similar: its author drops a dozen.
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
