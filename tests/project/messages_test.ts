import { assert, assertEquals } from "@std/assert";
import page from "../../docs/es/messages.md" with { type: "text" };
import { testReading as test } from "../support/permissions.ts";

const PROJECT = new URL("../../", import.meta.url);
const FOLDERS = ["agency/", "bet/", "central/", "net/", "program/"]
  .concat("protocol/", "storage/", "tools/");
const FILES = ["client.ts", "server.ts"];

test("docs/es/messages.md explains only messages that the programs have", async () => {
  const sources: string[] = [];
  for (const path of FILES) sources.push(await read(path));
  for (const folder of FOLDERS) {
    for await (const path of modulesIn(folder)) {
      sources.push(await read(path));
    }
  }
  const source = sources.join("\n");
  const messages = [...page.matchAll(/^\| (`.*?`) +\|/gm)].flatMap((
    [, cell],
  ) => cell!.split(/`(?:, `)?/).filter(Boolean));
  assert(messages.length > 30);
  for (const message of messages) {
    const missing = message.split("…").map((piece) => piece.trim())
      .filter((piece) => !source.includes(piece));
    assertEquals(missing, [], message);
  }
});

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, PROJECT));
}

async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, PROJECT))
  ) {
    if (isDirectory) yield* modulesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}
