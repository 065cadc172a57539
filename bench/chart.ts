/**
 * The rates of a sitting as bars: as text, and as an SVG picture.
 *
 * @module
 */

import {
  type CaseResult,
  formatFigure,
  type Sitting,
  spreadOf,
} from "./figures.ts";

/** The bars of as many bets of the same kind, the longest first. */
interface Block {
  title: string;
  bars: { title: string; betsPerSecond: number; figure: string }[];
}

/** Characters of the longest bar. */
const TEXT_BAR_WIDTH = 40;

// Sizes of the picture, in pixels.
const WIDTH = 800;
const MARGIN = 16;
const LINE_HEIGHT = 22;
const BAR_HEIGHT = 14;
const FONT_SIZE = 13;
const BAR_LEFT = 350;
const MAX_BAR_WIDTH = 380;

/** Bars of our own programs stand out, in a light and in a dark page. */
const STYLE = `
  text { font: ${FONT_SIZE}px system-ui, sans-serif; fill: #1c1f24; }
  .title { font-weight: 600; }
  rect { fill: #98a1ad; }
  .ours { fill: #0b57c2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8eaee; }
    rect { fill: #6b7480; }
    .ours { fill: #7fb2ff; }
  }
`;

/** Draws bets a second as lines of text, a block for each number of bets. */
export function drawText({ cases }: Sitting): string[] {
  return blocksOf(cases).flatMap(({ title, bars }, i) => {
    const longest = bars[0]!.betsPerSecond;
    const width = Math.max(...bars.map((bar) => bar.title.length));
    return [
      ...(i > 0 ? [""] : []),
      title,
      ...bars.map(({ title, betsPerSecond, figure }) => {
        const length = Math.round(TEXT_BAR_WIDTH * betsPerSecond / longest);
        return `${title.padEnd(width)}  ${"#".repeat(length)} ${figure}`;
      }),
    ];
  });
}

/** Draws the same as an SVG picture for light and dark pages. */
export function drawSvg({ cases }: Sitting): string {
  const parts: string[] = [];
  let y = MARGIN;
  for (const { title, bars } of blocksOf(cases)) {
    y += LINE_HEIGHT;
    parts.push(textAt(MARGIN, y, title, "title"));
    for (const bar of bars) {
      y += LINE_HEIGHT;
      const part = bar.betsPerSecond / bars[0]!.betsPerSecond;
      const width = Math.max(1, Math.round(MAX_BAR_WIDTH * part));
      const top = y - BAR_HEIGHT + 2;
      const owner = bar.title.startsWith("Lotería") ? "ours" : "other";
      parts.push(
        textAt(MARGIN, y, bar.title),
        `<rect class="${owner}" x="${BAR_LEFT}" y="${top}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
        textAt(BAR_LEFT + width + 8, y, bar.figure),
      );
    }
    y += LINE_HEIGHT / 2;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${
      y + MARGIN
    }" role="img">`,
    "<title>Million bets a second</title>",
    `<style>${STYLE}</style>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function blocksOf(cases: readonly CaseResult[]): Block[] {
  const drawn = cases.filter(({ runs }) =>
    spreadOf(runs, "betsPerSecond") !== undefined &&
    spreadOf(runs, "secondsPerBet") === undefined
  );
  const blocks = Map.groupBy(
    drawn,
    ({ bets, data }) => `${bets.toLocaleString("en")} bets, ${data}`,
  );
  return [...blocks].map(([what, block]) => ({
    title: `Million bets a second, ${what}`,
    bars: block.map(({ title, runs }) => {
      const betsPerSecond = spreadOf(runs, "betsPerSecond")!.median;
      const figure = formatFigure("betsPerSecond", betsPerSecond);
      return { title, betsPerSecond, figure };
    }).sort((a, b) => b.betsPerSecond - a.betsPerSecond),
  }));
}

function textAt(x: number, y: number, text: string, style?: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const attributes = style === undefined ? "" : ` class="${style}"`;
  return `<text x="${x}" y="${y}"${attributes}>${escaped}</text>`;
}
