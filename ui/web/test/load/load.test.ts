// How the page does with 100,000 jobs: npm run load. It prints figures with the
// load of the machine beside them; they mean something on one that does nothing else.
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUp, type Hora, open, type Seen, startBrowser, startHora, until } from "../browser/harness";

let hora: Hora;
let browser: Browser;
const n = Number(process.env.HORA_LOAD ?? 100_000);
const tries = Number(process.env.HORA_LOAD_TRIES ?? 5);
const rows = n / 5; // of each name
const nth = (name: string, i: number) => `${name}-${String(Math.floor(i)).padStart(6, "0")}`;
const figures: [what: string, ms: number[], aim?: number][] = [];

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

interface Gauge {
  long: number[];
  frames: number[];
  when: (test: string) => Promise<number>;
}

/** Runs in the page, before all else: long tasks, frames, and when something has come. */
function gauge() {
  const g: Gauge = {
    long: [],
    frames: [],
    // the time of the frame in which the document first looks like that, from the event before it
    when: (test) =>
      new Promise((found, failed) => {
        const look = new Function(`return (${test})`) as () => boolean;
        const end = performance.now() + 60_000;
        const frame = () => {
          if (look()) found(performance.now());
          else if (performance.now() > end) failed(new Error(`it never looked like this: ${test}`));
          else requestAnimationFrame(frame);
        };
        frame();
      }),
  };
  (window as unknown as { gauge: Gauge }).gauge = g;
  new PerformanceObserver((l) => g.long.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
}

const has = (name: string) => `[...document.querySelectorAll(".list .name a")].some((a) => a.textContent === ${JSON.stringify(name)})`;

/** How long after an act the page shows a row, both told by the page's own clock. */
async function timed(page: Page, act: string, seen: string): Promise<number> {
  return page.evaluate(
    async ([act, seen]) => {
      const g = (window as unknown as { gauge: Gauge }).gauge;
      const began = performance.now();
      new Function(act)();
      return (await g.when(seen)) - began;
    },
    [act, seen],
  );
}

const scrollTo = (top: string) => `const e = document.querySelector(".list"); e.scrollTo(0, ${top})`;
const type = (text: string) =>
  `const e = document.querySelector("[data-filter]"); Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(e, ${JSON.stringify(text)}); e.dispatchEvent(new Event("input", { bubbles: true }))`;
const click = (selector: string) => `document.querySelector(${JSON.stringify(selector)}).click()`;

const median = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function measure(what: string, aim: number | undefined, once: (i: number) => Promise<number>) {
  const all: number[] = [];
  for (let i = 0; i < tries; i++) all.push(await once(i));
  console.log(what, all.map(Math.round).join(" "));
  figures.push([what, all, aim]);
}

async function start(): Promise<Seen & { first: number }> {
  const seen = await open(browser, hora.base, "", { init: gauge });
  await seen.page.getByRole("link", { name: nth("check", 0) }).waitFor();
  const first = await seen.page.evaluate((test) => (window as unknown as { gauge: Gauge }).gauge.when(test), has(nth("check", 0)));
  return { ...seen, first };
}

test("the list of many jobs", async () => {
  await measure("first list", 1000, async () => {
    const { first, context } = await start();
    await context.close();
    return first; // since the navigation began
  });
  const { page, faults } = await start();
  const end = nth("report", rows - 1);
  await measure("scrolled to the end", 100, async () => {
    const ms = await timed(page, scrollTo("e.scrollHeight"), has(end));
    await timed(page, scrollTo("0"), has(nth("check", 0)));
    return ms;
  });
  await measure("scrolled to the middle, other places each time", 100, (i) => {
    const at = Math.floor(n / 2) + i * 1700;
    return timed(page, scrollTo(`${at} * 34`), has(nth(["check", "clean", "extract", "load", "report"][Math.floor(at / rows)], at % rows)));
  });
  await timed(page, scrollTo("0"), has(nth("check", 0)));

  const gaps: number[] = [];
  for (let i = 0; i < tries; i++) {
    await page.evaluate(() => {
      const g = (window as unknown as { gauge: Gauge & { on: boolean } }).gauge;
      g.frames = [];
      g.on = true;
      const frame = (at: number) => {
        g.frames.push(at);
        if (g.on) requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    await page.mouse.move(700, 500);
    for (let k = 0; k < 60; k++) {
      await page.mouse.wheel(0, 400);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    const frames = await page.evaluate(() => {
      const g = (window as unknown as { gauge: Gauge & { on: boolean } }).gauge;
      g.on = false;
      return g.frames;
    });
    gaps.push(Math.max(...frames.slice(1).map((f, j) => f - frames[j])));
  }
  figures.push(["longest gap between frames while the wheel turns", gaps, 100]);
  await timed(page, scrollTo("0"), has(nth("check", 0)));

  await measure("a name typed into the filter", 100, async (i) => {
    const ms = await timed(page, type(nth("load", 123 + i)), has(nth("load", 123 + i)));
    await timed(page, type(""), has(nth("check", 0)));
    return ms;
  });
  await measure("a facet clicked", 100, async () => {
    const facet = '.facets section:nth-child(3) li:first-child button[aria-pressed="false"]';
    await page.locator(facet).waitFor();
    const shown = await page.locator(".total").textContent();
    const ms = await timed(
      page,
      click(facet),
      `document.querySelector(".total").textContent !== ${JSON.stringify(shown)} && document.querySelector('.list[aria-busy="false"]') !== null`,
    );
    await timed(page, click('.views a[href="#/jobs"]'), has(nth("check", 0)));
    return ms;
  });
  for (const by of ["next", "state"]) {
    await measure(`sorted by ${by}`, 100, async () => {
      const ms = await timed(
        page,
        click(`.list .head [role=columnheader]:nth-child(${by === "next" ? 7 : 3}) button`),
        `location.hash.includes("sort=${by}") && !(${has(nth("check", 0))}) && document.querySelector('.list[aria-busy="false"]') !== null`,
      );
      await timed(page, click(".list .head [role=columnheader]:nth-child(2) button"), has(nth("check", 0)));
      return ms;
    });
  }
  const somewhere = Math.floor(n / 3);
  const there = nth(["check", "clean", "extract", "load", "report"][Math.floor(somewhere / rows)], somewhere % rows);
  await measure("back from a job to the same place", 200, async () => {
    await timed(page, scrollTo(`${somewhere} * 34`), has(there));
    await page.getByRole("link", { name: there, exact: true }).click();
    await page.getByRole("heading", { name: there }).waitFor();
    const ms = await timed(page, "history.back()", has(there));
    expect(await page.locator(".list").evaluate((e) => e.scrollTop)).toBe(somewhere * 34);
    return ms;
  });

  const memory = await memoryOf(page);
  const long = await page.evaluate(() => (window as unknown as { gauge: Gauge }).gauge.long);
  const load = loadavg().map((x) => x.toFixed(1));
  console.log(`${n} jobs, load ${load.join(" ")}, medians of ${tries} (the worst), in ms:`);
  for (const [what, all, aim] of figures)
    console.log(`  ${what}: ${median(all).toFixed(0)} (${Math.max(...all).toFixed(0)})${aim ? `, aim ${aim}` : ""}`);
  console.log(`  longest task: ${Math.max(0, ...long).toFixed(0)}, aim 200; tasks above 50 ms: ${long.length}`);
  console.log(
    `  memory: heap ${memory.heap.toFixed(1)} MB, the tab's process ${memory.own.toFixed(0)} MB of its own, ${memory.all.toFixed(0)} MB with what it shares; aim 300`,
  );
  expect(memory.all).toBeLessThan(300); // whatever the machine does besides
  expect(await page.locator("[aria-rowindex]").count()).toBeLessThan(200); // whatever there is, few rows are in the page
  expect(faults).toEqual([]);
}, 600_000);

/** Megabytes of the heap after a collection, and of the process that draws the page. */
async function memoryOf(page: Page): Promise<{ heap: number; own: number; all: number }> {
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await client.send("Runtime.getHeapUsage")) as { usedSize: number };
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = (await whole.send("SystemInfo.getProcessInfo")) as { processInfo: { type: string; id: number }[] };
  let own = 0;
  let all = 0;
  for (const p of processInfo.filter((p) => p.type === "renderer")) {
    const text = readFileSync(`/proc/${p.id}/smaps_rollup`, "utf8");
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024;
    all = Math.max(all, field("Rss"));
    own = Math.max(own, field("Private_Dirty") + field("Private_Clean"));
  }
  return { heap: usedSize / 1e6, own, all };
}
