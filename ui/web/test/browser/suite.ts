// What the files of browser tests have in common: one hora with jobs, one browser, and pages without faults.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { cleanUp, type Hora, open, populate, type Seen, startBrowser, startHora } from "./harness";

export interface Suite {
  hora: Hora;
  browser: Browser;
  seen: Seen;
  /** Opens a page in a new context; the last one is closed. */
  go: (hash: string, o?: Parameters<typeof open>[3]) => Promise<Seen["page"]>;
  /** The id of the newest run that the query means. */
  runID: (query: string) => Promise<string>;
}

export function suite(): Suite {
  const s = {} as Suite;
  s.go = async (hash, o = {}) => {
    await s.seen?.context.close();
    s.seen = await open(s.browser, s.hora.base, hash, o);
    return s.seen.page;
  };
  s.runID = async (query) => ((await (await fetch(`${s.hora.base}/api/runs?${query}`)).json()) as { runs: { id: string }[] }).runs[0]?.id;
  beforeAll(async () => {
    s.hora = await startHora();
    s.browser = await startBrowser();
    await populate(s.hora.base);
  });
  afterAll(async () => {
    await s.browser?.close();
    await s.hora?.stop();
    if (s.hora) cleanUp(s.hora.dir);
  });
  beforeEach(() => {
    s.seen = undefined as unknown as Seen;
  });
  afterEach(async () => {
    const faults = s.seen?.faults ?? [];
    await s.seen?.context.close();
    expect(faults).toEqual([]);
  });
  return s;
}
