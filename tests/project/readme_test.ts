import { assert, assertEquals } from "@std/assert";
import { configKeys } from "../../program/config_keys.ts";
import denoJson from "../../deno.json" with { type: "json" };
import architecturePage from "../../docs/architecture.md" with { type: "text" };
import protocolPage from "../../docs/protocol.md" with { type: "text" };
import storagePage from "../../docs/storage.md" with { type: "text" };
import readme from "../../README.md" with { type: "text" };
import {
  anchorsOf,
  codeSpansOf,
  linksOf,
  tableRows,
} from "../support/markdown.ts";
import { testWith } from "../support/permissions.ts";

const PROJECT = new URL("../../", import.meta.url);
const PAGES: Record<string, string> = {
  "README.md": readme,
  "docs/architecture.md": architecturePage,
  "docs/protocol.md": protocolPage,
  "docs/storage.md": storagePage,
};
const TASKS: Record<string, unknown> = denoJson.tasks;
const TASK_COMMAND_REGEXP = /\bdeno(?:@[\d.]+)? task ([a-z][a-z:]*)/g;
const MAKE_COMMAND_REGEXP = /`make ([a-z]+)`/g;
const MODULE_REGEXP = /^(?:[a-z]+\/)?[a-z_]+\.ts$/;
const IMPORT_REGEXP = /^(?:import|export) [^;]*? from "(\.[^"]+)";$/gm;
const MODULE_FOLDERS = ["", "agency/", "central/", "echo/", "storage/"];

/** The modules in each row of the table of docs/architecture.md, downwards. */
const FLOORS = tableRows(architecturePage, "module").map(([modules]) =>
  modules!.split(", ")
);

Deno.test("the documentation names only tasks that deno.json has", () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const [, task] of text.matchAll(TASK_COMMAND_REGEXP)) {
      assert(Object.hasOwn(TASKS, task!), `${page}: no task "${task}"`);
    }
  }
});

Deno.test("README.md lists every key with its variables, default and meaning", () => {
  const rows = configKeys().map((
    [name, { type, variables, fallback, help }],
  ) => [
    name,
    Object.values(variables).join(", "),
    type.format(fallback),
    help,
  ]);
  assertEquals(tableRows(readme, "key"), [
    ["(agency's id)", "CLI_ID", "", "required by the client"],
    ...rows,
  ]);
});

Deno.test("README.md lists the permissions that the tasks grant", () => {
  for (const [task, permissions] of tableRows(readme, "task")) {
    const words = String(TASKS[task!]).split(" ");
    const granted = words.map((word) => /^--allow-([a-z]+)/.exec(word)?.[1])
      .filter((permission) => permission !== undefined);
    assertEquals(permissions, granted.join(", "), task);
    assert(!words.includes("-A"), `${task} grants everything`);
  }
});

Deno.test("the documentation's links to headings lead to one", () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const link of linksOf(text)) {
      const url = new URL(link, new URL(page, PROJECT));
      const target = PAGES[url.href.slice(PROJECT.href.length).split("#")[0]!];
      if (url.hash === "" || target === undefined) continue;
      assert(anchorsOf(target).includes(url.hash.slice(1)), `${page}: ${link}`);
    }
  }
});

testWith(
  ["read"],
  "the documentation's links and paths lead to a file",
  async () => {
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
  },
);

testWith(
  ["read"],
  "the documentation names only targets that the Makefile has",
  async () => {
    for (const [page, text] of Object.entries(PAGES)) {
      for (const [, target] of text.matchAll(MAKE_COMMAND_REGEXP)) {
        const url = new URL("Makefile", PROJECT);
        const makefile = await Deno.readTextFile(url);
        const rule = new RegExp(`^(?:[a-z]+ )*${target}(?: [a-z]+)*:`, "m");
        assert(rule.test(makefile), `${page}: no target "${target}"`);
      }
    }
  },
);

testWith(
  ["read"],
  "docs/architecture.md has every module, and imports run downwards",
  async () => {
    assertEquals(FLOORS.flat().sort(), await modules());
    for (const [floor, names] of FLOORS.entries()) {
      for (const name of names) {
        for (const imported of await importsOf(name)) {
          const target = FLOORS.findIndex((names) => names.includes(imported));
          assert(
            target >= floor,
            `${name} imports ${imported}, which is above`,
          );
        }
      }
    }
  },
);

async function assertExists(page: string, url: URL): Promise<void> {
  try {
    await Deno.stat(url);
  } catch (cause) {
    throw new Error(`Cannot find "${url.pathname}": ${page} names it`, {
      cause,
    });
  }
}

async function modules(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of MODULE_FOLDERS) {
    for await (
      const { name } of Deno.readDir(new URL(`./${folder}`, PROJECT))
    ) {
      if (name.endsWith(".ts")) found.push(folder + name);
    }
  }
  return found.sort();
}

async function importsOf(module: string): Promise<string[]> {
  const url = new URL(module, PROJECT);
  const source = await Deno.readTextFile(url);
  return [...source.matchAll(IMPORT_REGEXP)].map(([, path]) =>
    new URL(path!, url).href.slice(PROJECT.href.length)
  );
}
