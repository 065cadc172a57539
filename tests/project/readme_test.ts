import { assert, assertEquals } from "@std/assert";
import { configRows } from "../../program/help.ts";
import { LEAST_DENO, VERSION } from "../../program/versions.ts";
import denoJson from "../../deno.json" with { type: "json" };
import {
  anchorsOf,
  codeSpansOf,
  linksOf,
  tableRows,
} from "../support/markdown.ts";
import { testReading as test } from "../support/permissions.ts";

const PROJECT = new URL("../../", import.meta.url);
/** The folders with pages. */
const FOLDERS = ["", "bench/", "docs/", "docs/es/"];
const PAGES = await readPages();
const readme = PAGES["README.md"] ?? "";
const spanishReadme = PAGES["README.es.md"] ?? "";
const TASKS: Record<string, { description: string; command?: string }> =
  denoJson.tasks;
const TASK_COMMAND_REGEXP = /\bdeno(?:@[\d.]+)? task ([a-z][a-z:]*)/g;
const MAKE_COMMAND_REGEXP = /`make ([a-z]+)`/g;
const BLOCK_REGEXP = /^```[^]*?^```$/gm;
const MODULE_REGEXP = /^(?:[a-z]+\/)?[a-z_]+\.ts$/;

test("the documentation names only tasks that deno.json has", () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const [, task] of text.matchAll(TASK_COMMAND_REGEXP)) {
      assert(Object.hasOwn(TASKS, task!), `${page}: no task "${task}"`);
    }
  }
});

test("docs/configuration.md is what `deno task settings` writes", () => {
  assertEquals(tableRows(page("docs/configuration.md"), "key"), configRows());
});

test("docs/es/configuration.md has the rows of docs/configuration.md", () => {
  assertEquals(
    tableRows(page("docs/es/configuration.md"), "clave").slice(0, -1)
      .map(withoutMeaning),
    configRows().slice(0, -1).map(withoutMeaning),
  );
});

test("README.md's settings are rows of docs/configuration.md", () => {
  const rows = configRows().map(String);
  for (const row of tableRows(readme, "key")) {
    assert(rows.includes(String(row)), row[0]);
  }
});

test("docs/dependencies.md lists the permissions that the tasks grant", () => {
  for (
    const [task, permissions] of tableRows(
      page("docs/dependencies.md"),
      "task",
    )
  ) {
    const words = TASKS[task!]!.command!.replaceAll("'", "").split(" ");
    const granted = words.map((word) => /^--allow-([a-z]+)/.exec(word)?.[1])
      .filter((permission) => permission !== undefined);
    assertEquals(permissions, granted.join(", "), task);
    assert(!words.includes("-A"), `${task} grants everything`);
  }
});

test("the documentation's links to headings lead to one", () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const link of linksOf(text)) {
      const url = new URL(link, new URL(page, PROJECT));
      const target = PAGES[url.href.slice(PROJECT.href.length).split("#")[0]!];
      if (url.hash === "" || target === undefined) continue;
      assert(
        anchorsOf(target).includes(decodeURIComponent(url.hash.slice(1))),
        `${page}: ${link}`,
      );
    }
  }
});

test("the documentation's links and paths lead to a file", async () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const link of linksOf(text)) {
      const url = new URL(link, new URL(page, PROJECT));
      if (url.protocol === PROJECT.protocol) await assertExists(page, url);
    }
    for (const code of codeSpansOf(text)) {
      const isPath = MODULE_REGEXP.test(code) || /^[a-z/]+\/$/.test(code);
      if (isPath) await assertExists(page, new URL(code, PROJECT));
    }
  }
});

test("the documentation names only targets that the Makefile has", async () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const [, target] of text.matchAll(MAKE_COMMAND_REGEXP)) {
      const url = new URL("Makefile", PROJECT);
      const makefile = await Deno.readTextFile(url);
      const rule = new RegExp(`^(?:[a-z]+ )*${target}(?: [a-z]+)*:`, "m");
      assert(rule.test(makefile), `${page}: no target "${target}"`);
    }
  }
});

Deno.test("--version prints the version of deno.json", () => {
  assertEquals(VERSION, denoJson.version);
});

test("README.md, CI and the programs name one least Deno", async () => {
  const ci = await Deno.readTextFile(new URL(".ci/run", PROJECT));
  const makefile = await Deno.readTextFile(new URL("Makefile", PROJECT));
  for (
    const text of [
      ...["README.md", "README.es.md", "docs/dependencies.md"].map(page),
      ...[makefile, ci],
    ]
  ) {
    assert(text.includes(LEAST_DENO));
  }
  const pinned = new Set(
    [readme, spanishReadme, page("CONTRIBUTING.md"), ci].flatMap((text) =>
      text.match(/deno@[\d.]+/g) ?? []
    ),
  );
  pinned.delete(`deno@${LEAST_DENO}`);
  assertEquals([...pinned], ["deno@2.9.6"]);
});

test("README.md fits on a few screens", () => {
  const { length } = readme.trimEnd().split("\n");
  assert(length <= 160, `${length} lines`);
});

test("README.es.md has the commands, keys and links of README.md", () => {
  const [english, spanish] = [readme, spanishReadme].map((text) => ({
    blocks: [...text.matchAll(BLOCK_REGEXP)].map(([block]) => block),
    // The two pages link to each other, and to the same pages.
    links: linksOf(text).slice(1)
      // Only Spanish needs a page about what the English messages mean.
      .filter((link) => link !== "docs/es/messages.md")
      .map((link) => link.replace("docs/es/", "docs/")).sort(),
    settings: tableRows(text, text === readme ? "key" : "clave")
      .map(withoutMeaning),
  }));
  assertEquals(spanish, english);
});

/** Reads every page. Without the permission the tests are ignored. */
async function readPages(): Promise<Record<string, string>> {
  const pages: Record<string, string> = {};
  const { state } = Deno.permissions.querySync({ name: "read" });
  if (state !== "granted") return pages;
  for (const folder of FOLDERS) {
    const url = new URL(folder || ".", PROJECT);
    for await (const { name } of Deno.readDir(url)) {
      if (!name.endsWith(".md")) continue;
      const path = `${folder}${name}`;
      pages[path] = await Deno.readTextFile(new URL(path, PROJECT));
    }
  }
  return pages;
}

function page(path: string): string {
  return PAGES[path]!;
}

function withoutMeaning(row: string[]): string[] {
  return row.slice(0, -1);
}

async function assertExists(page: string, url: URL): Promise<void> {
  try {
    await Deno.stat(url);
  } catch (cause) {
    throw new Error(`Cannot find "${url.pathname}": ${page} names it`, {
      cause,
    });
  }
}
