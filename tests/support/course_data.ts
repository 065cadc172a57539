// The five agencies' files: the course's own where its archive lies beside the
// project, else made ones of the same sizes and with as many winners.

import { makeData } from "../../tools/data/make_data.ts";

/** The archive of the course, which is not part of the project. */
const ARCHIVE = new URL("../../../shared/data/datasets.zip", import.meta.url);

/** Puts the files in a folder. */
export async function makeCourseData(dir: string): Promise<void> {
  try {
    await Deno.copyFile(ARCHIVE, `${dir}/datasets.zip`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await makeData({ dir });
}
