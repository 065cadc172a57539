// What the tests of the documentation read in it.

const FENCE_REGEXP = /^```(.*)\n([^]*?)^```$/gm;
const LINK_REGEXP = /\[[^\]]*\]\(([^)\s]+)\)/g;
const HEADING_REGEXP = /^#+ (.*)$/gm;
const CODE_REGEXP = /`([^`\n]+)`/g;

/** Finds the fenced blocks. */
export function fencedBlocks(markdown: string): Map<string, string> {
  return new Map(
    [...markdown.matchAll(FENCE_REGEXP)].map(([, info, text]) => [
      info!,
      text!,
    ]),
  );
}

/** Reads a table, without its head. */
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

/** Finds the links. */
export function linksOf(markdown: string): string[] {
  const prose = withoutFences(markdown);
  return [...prose.matchAll(LINK_REGEXP)].map(([, target]) => target!);
}

/** Finds the names by which headings are linked to. */
export function anchorsOf(markdown: string): string[] {
  const prose = withoutFences(markdown);
  return [...prose.matchAll(HEADING_REGEXP)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-")
  );
}

/** Finds what is set as code within a line. */
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
