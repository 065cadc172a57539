import { assertEquals } from "@std/assert";
import { inspectFormat } from "../../agency/source/file_format.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { testInFolder as test } from "../support/folder.ts";

const BET = "Ana,Gil,1,1999-03-17,7574";
const HEADERS: [first: string, next: string, isHeader: boolean][] = [
  ["first name,last name,document,birthdate,number", BET, true],
  ["nombre,apellido,documento,nacimiento,número", BET, true],
  ['"Nombre","Apellido","DNI","Fecha (AAAA-MM-DD)","N°"', BET, true],
  ["\n,,\na,b,c,d,e", `\n${BET}`, true],
  ["\ufeffa,b,c,d,e", BET, true],
  ["Address 1,Address 2,c,d,e", BET, true],
  [" first.name , last_name , doc. nº , Fecha (dd/mm/aaaa) , n ", BET, true],
  ["Ana,Gil,n.d.,siete,s.d.", BET, true],
  ["Ana,Gil,#N/A,#VALUE!,#REF!", BET, false],
  ["Ana,Gil,#N/D,#¡VALOR!,#¡REF!", BET, false],
  ["Ana,Gil,n/d,fecha,siete", BET, false],
  ["Ana,Gil,dni,-,siete", BET, false],
  ["Ana,Gil,dni,fecha,=suma", BET, false],
  ["Ana,Gil,dni,fecha,?", BET, false],
  ["Ana,Gil,dni,fecha,siete!", BET, false],
  ["Ana,Gil,null,NULL,siete", BET, false],
  ["Ana,Gil,ana,fecha,siete", BET, false],
  ["#NAME?,Gil,dni,fecha,siete", BET, false],
  ["Ana,,dni,fecha,siete", BET, false],
  [`Ana,Gil,dni,fecha,${"x".repeat(65)}`, BET, false],
  ["a,b,c,d,e", "Ana,Gil,#N/A,#VALUE!,#REF!", true],
  ["a,b,c,d,number 1", BET, false],
  ["Ana,Gil,,,", BET, false],
  ["Ana,Gil,-,x,y", BET, false],
  ["a,b,c,d", BET, false],
  ["a,b,c,d,e,f", BET, false],
  ["a,b,c,d,e", "a,b,c,d,e", false],
  ["a,b,c,d,e", "Ana,Gil,1,17/03/1999,7574", true],
  ["a,b,c,d,e", "Ana,Gil", true],
  [BET, BET, false],
];

test("inspectFormat() finds a header", async (dir) => {
  const path = `${dir}/bets.csv`;
  for (const [first, next, isHeader] of HEADERS) {
    await Deno.writeTextFile(path, `${first}\r\n${next}\r\n${BET}\r\n`);
    using source = await SourceFile.open(path);
    const header = await inspectFormat(source, ",");
    assertEquals(header !== undefined, isHeader, first);
  }
  await Deno.writeTextFile(path, "a,b,c,d,e\n");
  using source = await SourceFile.open(path);
  assertEquals(await inspectFormat(source, ","), "a,b,c,d,e");
});
