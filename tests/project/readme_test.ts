import { assert, assertEquals } from "@std/assert";
import { configRows } from "../../program/help.ts";
import { LEAST_DENO, VERSION } from "../../program/versions.ts";
import denoJson from "../../deno.json" with { type: "json" };
import changelog from "../../CHANGELOG.md" with { type: "text" };
import contributing from "../../CONTRIBUTING.md" with { type: "text" };
import benchPage from "../../bench/README.md" with { type: "text" };
import architecturePage from "../../docs/architecture.md" with { type: "text" };
import configurationPage from "../../docs/configuration.md" with {
  type: "text",
};
import containersPage from "../../docs/containers.md" with { type: "text" };
import dependenciesPage from "../../docs/dependencies.md" with { type: "text" };
import exercisePage from "../../docs/exercise.md" with { type: "text" };
import spanishContainersPage from "../../docs/es/containers.md" with {
  type: "text",
};
import spanishDrawPage from "../../docs/es/draw.md" with { type: "text" };
import spanishMessagesPage from "../../docs/es/messages.md" with {
  type: "text",
};
import spanishInputFilesPage from "../../docs/es/input-files.md" with {
  type: "text",
};
import spanishOperationsPage from "../../docs/es/operations.md" with {
  type: "text",
};
import spanishRefusedRowsPage from "../../docs/es/refused-rows.md" with {
  type: "text",
};
import spanishExercisePage from "../../docs/es/exercise.md" with {
  type: "text",
};
import drawPage from "../../docs/draw.md" with { type: "text" };
import inputFilesPage from "../../docs/input-files.md" with { type: "text" };
import libraryPage from "../../docs/library.md" with { type: "text" };
import operationsPage from "../../docs/operations.md" with { type: "text" };
import performancePage from "../../docs/performance.md" with { type: "text" };
import postgresPage from "../../docs/postgres.md" with { type: "text" };
import protocolPage from "../../docs/protocol.md" with { type: "text" };
import refusedRowsPage from "../../docs/refused-rows.md" with { type: "text" };
import reliabilityPage from "../../docs/reliability.md" with { type: "text" };
import securityPage from "../../docs/security.md" with { type: "text" };
import statusPage from "../../docs/status.md" with { type: "text" };
import storagePage from "../../docs/storage.md" with { type: "text" };
import spanishConfigurationPage from "../../docs/es/configuration.md" with {
  type: "text",
};
import spanishReadme from "../../README.es.md" with { type: "text" };
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
  "README.es.md": spanishReadme,
  "CHANGELOG.md": changelog,
  "CONTRIBUTING.md": contributing,
  "bench/README.md": benchPage,
  "docs/architecture.md": architecturePage,
  "docs/configuration.md": configurationPage,
  "docs/containers.md": containersPage,
  "docs/dependencies.md": dependenciesPage,
  "docs/draw.md": drawPage,
  "docs/exercise.md": exercisePage,
  "docs/es/containers.md": spanishContainersPage,
  "docs/es/draw.md": spanishDrawPage,
  "docs/es/messages.md": spanishMessagesPage,
  "docs/es/operations.md": spanishOperationsPage,
  "docs/es/refused-rows.md": spanishRefusedRowsPage,
  "docs/es/exercise.md": spanishExercisePage,
  "docs/es/input-files.md": spanishInputFilesPage,
  "docs/es/configuration.md": spanishConfigurationPage,
  "docs/input-files.md": inputFilesPage,
  "docs/library.md": libraryPage,
  "docs/operations.md": operationsPage,
  "docs/performance.md": performancePage,
  "docs/postgres.md": postgresPage,
  "docs/protocol.md": protocolPage,
  "docs/refused-rows.md": refusedRowsPage,
  "docs/reliability.md": reliabilityPage,
  "docs/security.md": securityPage,
  "docs/status.md": statusPage,
  "docs/storage.md": storagePage,
};
const TASKS: Record<string, { description: string; command?: string }> =
  denoJson.tasks;
const TASK_COMMAND_REGEXP = /\bdeno(?:@[\d.]+)? task ([a-z][a-z:]*)/g;
const MAKE_COMMAND_REGEXP = /`make ([a-z]+)`/g;
const BLOCK_REGEXP = /^```[^]*?^```$/gm;
const MODULE_REGEXP = /^(?:[a-z]+\/)?[a-z_]+\.ts$/;

testWith(
  ["read"],
  "the tests of the documentation know every page",
  async () => {
    const found: string[] = [];
    for (const folder of ["", "bench/", "docs/", "docs/es/"]) {
      for await (
        const { name } of Deno.readDir(new URL(folder || ".", PROJECT))
      ) {
        if (name.endsWith(".md")) found.push(`${folder}${name}`);
      }
    }
    assertEquals(found.sort(), Object.keys(PAGES).sort());
  },
);

Deno.test("the documentation names only tasks that deno.json has", () => {
  for (const [page, text] of Object.entries(PAGES)) {
    for (const [, task] of text.matchAll(TASK_COMMAND_REGEXP)) {
      assert(Object.hasOwn(TASKS, task!), `${page}: no task "${task}"`);
    }
  }
});

Deno.test("docs/configuration.md is what `deno task settings` writes", () => {
  assertEquals(tableRows(configurationPage, "key"), configRows());
});

Deno.test("docs/es/configuration.md has the rows of docs/configuration.md", () => {
  assertEquals(
    tableRows(spanishConfigurationPage, "clave").slice(0, -1)
      .map(withoutMeaning),
    configRows().slice(0, -1).map(withoutMeaning),
  );
});

Deno.test("README.md's settings are rows of docs/configuration.md", () => {
  const rows = configRows().map(String);
  for (const row of tableRows(readme, "key")) {
    assert(rows.includes(String(row)), row[0]);
  }
});

Deno.test("docs/dependencies.md lists the permissions that the tasks grant", () => {
  for (const [task, permissions] of tableRows(dependenciesPage, "task")) {
    const words = TASKS[task!]!.command!.replaceAll("'", "").split(" ");
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
      assert(
        anchorsOf(target).includes(decodeURIComponent(url.hash.slice(1))),
        `${page}: ${link}`,
      );
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

Deno.test("--version prints the version of deno.json", () => {
  assertEquals(VERSION, denoJson.version);
});

testWith(
  ["read"],
  "README.md, CI and the programs name one least Deno",
  async () => {
    const ci = await Deno.readTextFile(new URL(".ci/run", PROJECT));
    const makefile = await Deno.readTextFile(new URL("Makefile", PROJECT));
    for (
      const text of [readme, spanishReadme, dependenciesPage, makefile, ci]
    ) {
      assert(text.includes(LEAST_DENO));
    }
    const pinned = new Set(
      [readme, spanishReadme, contributing, ci].flatMap((text) =>
        text.match(/deno@[\d.]+/g) ?? []
      ),
    );
    pinned.delete(`deno@${LEAST_DENO}`);
    assertEquals([...pinned], ["deno@2.9.6"]);
  },
);

Deno.test("README.md fits on a few screens", () => {
  const { length } = readme.trimEnd().split("\n");
  assert(length <= 160, `${length} lines`);
});

Deno.test("README.es.md has the commands, keys and links of README.md", () => {
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
