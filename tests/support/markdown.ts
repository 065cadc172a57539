/**
 * What the tests of the documentation read in it.
 *
 * @module
 */

const FENCE_REGEXP = /^```(.*)\n([^]*?)^```$/gm;
const LINK_REGEXP = /\[[^\]]*\]\(([^)\s]+)\)/g;
const HEADING_REGEXP = /^#+ (.*)$/gm;
const CODE_REGEXP = /`([^`\n]+)`/g;

/**
 * Finds the fenced blocks.
 *
 * @param markdown The page.
 * @returns Each block's text, by what stands behind its opening fence.
 */
export function fencedBlocks(markdown: string): Map<string, string> {
  return new Map(
    [...markdown.matchAll(FENCE_REGEXP)].map(([, info, text]) => [
      info!,
      text!,
    ]),
  );
}

/**
 * Reads a table, without its head.
 *
 * @param markdown The page.
 * @param head Text of the first cell of its head.
 * @returns The cells of each row, without backticks and links.
 * @throws {Error} If there is no such table.
 */
export function tableRows(markdown: string, head: string): string[][] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === head);
  if (start < 0) {
    throw new Error(`Cannot find table "${head}": it is not there`);
  }
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map(cellsOf);
}

/**
 * Finds the links.
 *
 * @param markdown The page.
 * @returns Where each leads.
 */
export function linksOf(markdown: string): string[] {
  const prose = withoutFences(markdown);
  return [...prose.matchAll(LINK_REGEXP)].map(([, target]) => target!);
}

/**
 * Finds the names by which headings are linked to.
 *
 * @param markdown The page.
 * @returns The name of each heading.
 */
export function anchorsOf(markdown: string): string[] {
  const prose = withoutFences(markdown);
  return [...prose.matchAll(HEADING_REGEXP)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-")
  );
}

/**
 * Finds what is set as code within a line.
 *
 * @param markdown The page, or a part of it.
 * @returns The text of each.
 */
export function codeSpansOf(markdown: string): string[] {
  const prose = withoutFences(markdown);
  return [...prose.matchAll(CODE_REGEXP)].map(([, code]) => code!);
}

function withoutFences(markdown: string): string {
  return markdown.replaceAll(FENCE_REGEXP, "");
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) =>
    cell.trim().replace(/^\[(.*)\]\(.*\)$/, "$1").replaceAll("`", "")
  );
}
