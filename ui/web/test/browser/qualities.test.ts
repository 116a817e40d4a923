// What holds for every page: phone width, accessibility, focus, size, print.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { axe, repository } from "./harness";
import { suite } from "./suite";

const s = suite();

const pages = async (): Promise<[hash: string, ready: string][]> => [
  ["#/jobs", "[aria-rowindex]"],
  ["#/jobs/load-orders", ".reasons li"],
  ["#/jobs/extract-orders", ".calendar a"],
  ["#/jobs/extract-orders/runs", "tbody tr"],
  ["#/jobs/load-orders/graph", ".box, .graph canvas"],
  ["#/jobs/nightly-report/definition", ".trial .good"],
  ["#/jobs/nightly-report/revisions", ".revision"],
  ["#/jobs/nightly-report/activity", ".audit li"],
  [`#/runs/${await s.runID("job=flaky-import&outcome=failed&state=ended")}`, ".log"],
  ["#/now", ".tile"],
  ["#/graph", ".box, .graph canvas"],
  ["#/cluster", "tbody tr"],
  ["#/activity", ".audit li"],
  ["#/new", ".trial .good"],
];

test.each([false, true])("every page is accessible and fits a phone of 360 px, dark: %s", async (dark) => {
  const page = await s.go("", { dark, viewport: { width: 360, height: 740 } });
  for (const [hash, ready] of await pages()) {
    await page.goto(`${s.hora.base}/${hash}`);
    await page.locator(ready).first().waitFor();
    const over = await page.evaluate(() => {
      const main = document.querySelector("main")!;
      return Math.max(document.documentElement.scrollWidth - window.innerWidth, main.scrollWidth - main.clientWidth);
    });
    expect(over, hash).toBeLessThanOrEqual(0);
    expect(await axe(page), hash).toEqual([]);
  }
});

test.each([false, true])("menus and dialogues are accessible, keep the focus and give it back, dark: %s", async (dark) => {
  const page = await s.go("#/jobs/nightly-report", { dark });
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  for (const name of ["Run now", "Pause"]) {
    await page.getByRole("button", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await axe(page), name).toEqual([]);
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      const where = await page.evaluate(() => document.activeElement === document.body || !!document.activeElement?.closest("dialog"));
      expect(where, `${name}, Tab ${i + 1}`).toBe(true);
    }
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await focused()).toBe(name);
  }
  const more = page.getByRole("button", { name: "More" });
  for (const name of ["Backfill", "Mark as success", "Delete"]) {
    await more.focus();
    await page.keyboard.press("Enter");
    await page.locator(".popup").waitFor();
    expect(await axe(page), `the menu before ${name}`).toEqual([]);
    await page.locator(".popup").getByRole("button", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await axe(page), name).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await focused(), `after ${name}`).toContain("More");
  }
  await more.focus();
  await page.keyboard.press("Enter");
  await page.locator(".popup").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await page.locator(".popup").waitFor({ state: "detached" });
  expect(await focused()).toContain("More");
  await page.getByRole("button", { name: "Settings" }).click();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox", { name: "Go to" }).waitFor();
  expect(await axe(page)).toEqual([]);
});

test("what has the focus is seen to have it", async () => {
  const page = await s.go("#/jobs/nightly-report");
  await page.locator(".calendar").waitFor();
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement!;
      const c = getComputedStyle(e);
      const r = e.getBoundingClientRect();
      return {
        what: e.outerHTML.slice(0, 120),
        outline: c.outlineStyle !== "none" && Number.parseFloat(c.outlineWidth) >= 1,
        area: r.width * r.height,
      };
    });
    if (at.what.startsWith("<body")) continue;
    expect(at.outline, at.what).toBe(true);
    expect(at.area, at.what).toBeGreaterThan(0);
  }
});

test("who wants no motion gets none; on paper there is the page alone", async () => {
  const page = await s.go("#/jobs/nightly-report");
  await page.locator(".calendar").waitFor();
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll("*")].filter(
        (e) => getComputedStyle(e).transitionDuration !== "0s" || getComputedStyle(e).animationName !== "none",
      ).length,
  );
  expect(moving).toBe(0);
  await page.emulateMedia({ media: "print" });
  expect(await page.locator(".top nav").isVisible()).toBe(false);
  expect(await page.locator(".actions").isVisible()).toBe(false);
  expect(await page.getByRole("heading", { name: "nightly-report" }).isVisible()).toBe(true);
  const cut = await page.evaluate(() => {
    const main = document.querySelector("main")!;
    return main.scrollHeight - main.clientHeight;
  });
  expect(cut).toBeLessThanOrEqual(1);
});

test("the first load is below 350 kB, gzipped", async () => {
  const page = await s.go("#/cluster");
  await page.goto("about:blank");
  const got = new Map<string, Promise<number>>();
  page.on("response", (r) => {
    const path = new URL(r.url()).pathname;
    if (!path.startsWith("/api/"))
      got.set(
        path,
        r.body().then((b) => gzipSync(b).length),
      );
  });
  await page.goto(`${s.hora.base}/?fresh#/jobs`);
  await page.getByRole("link", { name: "extract-orders" }).waitFor();
  await page.waitForLoadState("networkidle").catch(() => {}); // the stream of events never ends
  const total = (await Promise.all(got.values())).reduce((a, b) => a + b, 0);
  expect(got.size).toBeGreaterThan(2);
  expect(total).toBeGreaterThan(30_000);
  expect(total).toBeLessThan(350_000);
  // Nothing of the build names another server that it would ask.
  for (const name of readdirSync(join(repository, "ui/dist/assets")).filter((n) => /\.(js|css)$/.test(n))) {
    const text = readFileSync(join(repository, "ui/dist/assets", name), "utf8");
    expect(text.match(/(?:fetch|import|EventSource|WebSocket)\("https?:|url\(["']?https?:/g), name).toBeNull();
  }
});
