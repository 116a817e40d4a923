// How the page does with 100,000 jobs: npm run load. It prints figures; they
// mean something on a machine that does nothing else.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUp, type Hora, open, startBrowser, startHora, until } from "../browser/harness";

let hora: Hora;
let browser: Browser;
const n = Number(process.env.HORA_LOAD ?? 100_000);

beforeAll(async () => {
  hora = await startHora(["--generate", String(n)]);
  browser = await startBrowser();
  await until(
    "the jobs are there",
    async () => ((await (await fetch(`${hora.base}/api/jobs?limit=1&fields=name`)).json()) as { total: number }).total === n,
  );
});

afterAll(async () => {
  await browser?.close();
  await hora?.stop();
  if (hora) cleanUp(hora.dir);
});

test("the list of many jobs", async () => {
  const began = performance.now();
  const { page, faults } = await open(browser, hora.base, "");
  await page.evaluate(() => {
    const w = window as unknown as { long: number[] };
    w.long = [];
    new PerformanceObserver((l) => w.long.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
  });
  await page.getByRole("link", { name: "check-000000" }).waitFor();
  const first = performance.now() - began;
  const figure = async (act: () => Promise<void>, seen: string) => {
    const t = performance.now();
    await act();
    await page.getByRole("link", { name: seen, exact: true }).waitFor();
    return performance.now() - t;
  };
  const list = page.locator(".list");
  const rows = n / 5; // of each name
  const scroll = await figure(() => list.evaluate((e) => e.scrollTo(0, e.scrollHeight)), `report-${String(rows - 1).padStart(6, "0")}`);
  const back = await figure(
    () => list.evaluate((e) => e.scrollTo(0, e.scrollHeight / 2)),
    `extract-${String(rows / 2).padStart(6, "0")}`,
  ).catch(() => Number.NaN);
  const filter = await figure(() => page.locator("[data-filter]").fill("load-000123"), "load-000123");
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await client.send("Runtime.getHeapUsage")) as { usedSize: number };
  const long = await page.evaluate(() => (window as unknown as { long: number[] }).long);
  console.log(
    `${n} jobs: first list ${first.toFixed(0)} ms, to the end ${scroll.toFixed(0)} ms, to the middle ${back.toFixed(0)} ms, filter ${filter.toFixed(0)} ms (150 of them it waits for more keys), heap ${(usedSize / 1e6).toFixed(1)} MB, longest task ${Math.max(0, ...long).toFixed(0)} ms`,
  );
  expect(usedSize).toBeLessThan(300e6);
  expect(await page.locator("[aria-rowindex]").count()).toBeLessThan(200); // whatever there is, few rows are in the page
  expect(faults).toEqual([]);
});
