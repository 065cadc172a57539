import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { backoff } from "../../agency/connection/backoff.ts";
import { configRows } from "../../program/help.ts";
import { linksOf } from "../support/markdown.ts";
import { testReading as test } from "../support/permissions.ts";
import { PROJECT } from "../support/programs.ts";

const SPANISH = "docs/es/";

test("a page and its translation begin with links to each other", async () => {
  for (const [name, links] of await linksOfPages(SPANISH)) {
    const english = (await linksOfPages("docs/")).get(name);
    if (!english) continue;
    assertEquals(links[0], `../${name}`, `${SPANISH}${name}`);
    assertEquals(english[0], `es/${name}`, `docs/${name}`);
  }
});

test("Spanish pages link to Spanish pages where there are any", async () => {
  const pages = await linksOfPages(SPANISH);
  for (const [name, [, ...links]] of pages) {
    for (const link of links) {
      // An anchor may lead to a part that is not translated.
      const [, page] = /^\.\.\/([^#/]*)$/.exec(link) ?? [];
      assert(!page || !pages.has(page), `${SPANISH}${name}: ${link}`);
    }
  }
});

test("a translation has the headings, examples and rows of its page", async () => {
  for (const [name] of await linksOfPages(SPANISH)) {
    const page = await read(`docs/${name}`).catch(() => undefined);
    if (page === undefined) continue;
    const translation = await read(`${SPANISH}${name}`);
    assertEquals(partsOf(translation), partsOf(page), name);
  }
});

/** Counts what a page consists of. */
function partsOf(page: string): number[] {
  return [/^##+ /gm, /^```/gm, /^\| /gm].map((part) =>
    page.match(part)?.length ?? 0
  );
}

test("the documentation says for how long agencies try", async () => {
  const [least, most] = [1, 0].map(secondsOfWaiting);
  for (
    const [page, range] of [
      ["docs/operations.md", `${least} to ${most} seconds`],
      ["docs/reliability.md", `${least} to ${most} seconds`],
      ["docs/es/operations.md", `${least} y ${most} segundos`],
    ] as const
  ) {
    assertStringIncludes((await read(page)).replaceAll("\n", " "), range);
  }
});

function secondsOfWaiting(random: number): number {
  const attempts = Number(defaultOf("retry.maxAttempts"));
  const baseDelayMs = Number.parseInt(defaultOf("retry.baseDelay"));
  let wait = 0;
  for (let attempt = 1; attempt < attempts; attempt++) {
    wait += backoff(attempt, baseDelayMs, random);
  }
  return Math.round(wait / 1000);
}

function defaultOf(key: string): string {
  return configRows().find(([name]) => name === key)![3]!;
}

/** Reads the links of each page of a folder. */
async function linksOfPages(folder: string): Promise<Map<string, string[]>> {
  const links = new Map<string, string[]>();
  for await (const { name } of Deno.readDir(`${PROJECT}${folder}`)) {
    if (!name.endsWith(".md")) continue;
    links.set(name, linksOf(await read(`${folder}${name}`)));
  }
  return links;
}

async function read(page: string): Promise<string> {
  return await Deno.readTextFile(`${PROJECT}${page}`);
}
