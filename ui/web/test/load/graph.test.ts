// How the graph does with 2,000 jobs that depend on each other: npm run load.
// It prints figures; medians and ratios tell more than single ones.
import { loadavg } from "node:os";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUp, type Hora, open, put, startBrowser, startHora } from "../browser/harness";

let hora: Hora;
let browser: Browser;
const n = Number(process.env.HORA_LOAD_GRAPH ?? 2000);
const wide = 50; // jobs of a layer: each one has up to three parents in the one before

beforeAll(async () => {
  hora = await startHora();
  browser = await startBrowser();
  let seed = 1;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const name = (i: number) => `job-${String(i).padStart(5, "0")}`;
  for (let layer = 0; layer * wide < n; layer++) {
    const made = Array.from({ length: Math.min(wide, n - layer * wide) }, (_, k) => {
      const parents = new Set<string>();
      for (let p = 0; layer > 0 && p < 1 + Math.floor(random() * 3); p++) {
        const beside = Math.min(wide - 1, Math.max(0, k + Math.floor((random() - 0.5) * 10)));
        parents.add(name((layer - 1) * wide + beside));
      }
      return put(hora.base, {
        name: name(layer * wide + k),
        command: "true",
        ...(layer ? { parents: [...parents] } : { schedule: "0 0 1 1 *" }),
      });
    });
    await Promise.all(made);
  }
});

afterAll(async () => {
  await browser?.close();
  await hora?.stop();
  if (hora) cleanUp(hora.dir);
});

interface Figures {
  long: number[];
  gaps: number[];
}

/** What the page did meanwhile: its long tasks, and the time between its frames. */
async function during(page: Page, act: () => Promise<void>): Promise<Figures> {
  await page.evaluate(() => {
    const w = window as unknown as { seen: Figures; stop: boolean };
    w.seen = { long: [], gaps: [] };
    w.stop = false;
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      w.seen.gaps.push(now - last);
      last = now;
      if (!w.stop) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new PerformanceObserver((l) => w.seen.long.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask" });
  });
  await act();
  return page.evaluate(() => {
    const w = window as unknown as { seen: Figures; stop: boolean };
    w.stop = true;
    return w.seen;
  });
}

const median = (list: number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
const figures = (f: Figures) =>
  `frames ${f.gaps.length}, median gap ${median(f.gaps).toFixed(0)} ms, longest ${Math.max(0, ...f.gaps).toFixed(0)} ms, longest task ${Math.max(0, ...f.long).toFixed(0)} ms`;

async function drag(page: Page, dx: number, dy: number) {
  await page.mouse.move(700, 450);
  await page.mouse.down();
  for (let i = 1; i <= 40; i++) await page.mouse.move(700 + (dx * i) / 40, 450 + (dy * i) / 40);
  await page.mouse.up();
}

test("the graph of many jobs", async () => {
  const { page, context, faults } = await open(browser, hora.base, "#/activity");
  const tell = (what: string, text: string) => console.log(`${n} jobs, load ${loadavg()[0].toFixed(1)}: ${what}: ${text}`);
  const began = performance.now();
  const opened = await during(page, async () => {
    await page.evaluate(() => {
      location.hash = "#/graph";
    });
    await page.locator(".picture[data-drawn], .react-flow__node").first().waitFor({ state: "attached" });
  });
  tell("drawn", `after ${(performance.now() - began).toFixed(0)} ms, ${figures(opened)}`);
  expect(await page.locator(".react-flow__node").count()).toBeLessThan(300);

  tell("panned as a whole", figures(await during(page, () => drag(page, -300, 120))));
  const zoomed = await during(page, async () => {
    for (let i = 0; i < 30; i++) await page.mouse.wheel(0, -120);
  });
  tell("zoomed in", figures(zoomed));
  await page.locator(".react-flow__node").first().waitFor();
  const near = await during(page, () => drag(page, -400, -200));
  tell("panned near", `${await page.locator(".react-flow__node").count()} of the jobs are in the page, ${figures(near)}`);
  const searched = performance.now();
  const box = page.getByLabel("Search the graph");
  await box.fill("job-01234");
  await box.press("Enter");
  await page.locator(".box.focus").waitFor();
  tell("found", `after ${(performance.now() - searched).toFixed(0)} ms`);
  const table = await during(page, async () => {
    await page.getByRole("button", { name: "As a table" }).click();
    await page.getByRole("rowheader", { name: `job-${String(n - 1).padStart(5, "0")}` }).waitFor();
  });
  tell("as a table", figures(table));
  const client = await context.newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await client.send("Runtime.getHeapUsage")) as { usedSize: number };
  tell("heap", `${(usedSize / 1e6).toFixed(1)} MB`);
  expect(usedSize).toBeLessThan(300e6);
  expect(faults).toEqual([]);
});
