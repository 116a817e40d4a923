// What the files of browser tests have in common: one browser, pages without faults, and mostly one hora with jobs.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { cleanUp, type Hora, open, populate, type Seen, startBrowser, startHora } from "./harness";

type Context = Parameters<typeof open>[3];

export interface Visits {
  seen: Seen;
  /** Opens a page of a server in a new context; the last one is closed. */
  at: (base: string, hash: string, o?: Context) => Promise<Page>;
}

export interface Suite extends Visits {
  hora: Hora;
  /** Opens a page of hora. */
  go: (hash: string, o?: Context) => Promise<Page>;
  /** The id of the newest run that the query means. */
  runID: (query: string) => Promise<string>;
}

/** One browser for the tests of a file. After each of them the page must have had no faults but those it was expected to have. */
export function visits(): Visits {
  let browser: Browser | undefined;
  const none = undefined as unknown as Seen;
  const v: Visits = {
    seen: none,
    at: async (base, hash, o = {}) => {
      await v.seen?.context.close();
      browser ??= await startBrowser();
      v.seen = await open(browser, base, hash, o);
      return v.seen.page;
    },
  };
  afterEach(async () => {
    const faults = v.seen?.faults ?? [];
    await v.seen?.context.close();
    v.seen = none;
    expect(faults).toEqual([]);
  });
  afterAll(() => browser?.close());
  return v;
}

/** One hora for the tests of a file, with what prepare makes there. */
export function suite(prepare: (base: string) => Promise<unknown> = populate): Suite {
  const s = visits() as Suite;
  s.go = (hash, o) => s.at(s.hora.base, hash, o);
  s.runID = async (query) => ((await (await fetch(`${s.hora.base}/api/runs?${query}`)).json()) as { runs: { id: string }[] }).runs[0]?.id;
  beforeAll(async () => {
    s.hora = await startHora();
    await prepare(s.hora.base);
  });
  afterAll(async () => {
    await s.hora?.stop();
    if (s.hora) cleanUp(s.hora.dir);
  });
  return s;
}
