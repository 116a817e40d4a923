// Pictures of every page in both themes, for docs/screenshots: make screenshots.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { cleanUp, type Hora, open, populate, repository, startBrowser, startHora, until } from "../browser/harness";

let hora: Hora;
let browser: Browser;
const out = process.env.HORA_SCREENSHOTS_DIR ?? join(repository, "docs/screenshots");
let failed = "";

beforeAll(async () => {
  mkdirSync(out, { recursive: true });
  hora = await startHora();
  browser = await startBrowser();
  await populate(hora.base);
  const runOf = async (query: string) =>
    ((await (await fetch(`${hora.base}/api/runs?${query}`)).json()) as { runs: { id: string }[] }).runs[0]?.id ?? "";
  await until("a run fails", async () => (await runOf("job=flaky-import&state=ended&outcome=failed")) !== "");
  failed = await runOf("job=flaky-import&state=ended&outcome=failed");
});

afterAll(async () => {
  await browser?.close();
  await hora?.stop();
  if (hora) cleanUp(hora.dir);
});

const pages: [name: string, hash: () => string, ready: string, phone?: boolean][] = [
  ["jobs", () => "#/jobs", "text=extract-orders", true],
  ["job", () => "#/jobs/load-orders", "text=extract-customers", true],
  ["job-scheduled", () => "#/jobs/extract-orders", ".chart canvas"],
  ["runs", () => "#/jobs/extract-orders/runs", "tbody tr"],
  ["job-graph", () => "#/jobs/load-orders/graph", ".box"],
  ["definition", () => "#/jobs/nightly-report/definition", "text=The definition is valid", true],
  ["revisions", () => "#/jobs/nightly-report/revisions", ".revision"],
  ["activity", () => "#/activity", ".audit li"],
  ["new", () => "#/new", "text=The definition is valid"],
  ["run", () => `#/runs/${failed}`, ".log .line", true],
  ["now", () => "#/now", ".lanes rect", true],
  ["graph", () => "#/graph", ".box"],
  ["cluster", () => "#/cluster", "text=agent1"],
];

test.each([false, true])("pictures, dark: %s", async (dark) => {
  for (const phone of [false, true]) {
    const { page, context } = await open(browser, hora.base, "", {
      dark,
      viewport: phone ? { width: 390, height: 844 } : { width: 1360, height: 860 },
    });
    for (const [name, hash, ready, onPhone] of pages) {
      if (phone && !onPhone) continue;
      await page.goto(`${hora.base}/${hash()}`);
      await page.locator(ready).first().waitFor();
      await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
      await page.screenshot({ path: join(out, `${name}${phone ? "-phone" : ""}-${dark ? "dark" : "light"}.png`) });
    }
    // hora dev asks nobody who they are; a server that does would answer so.
    await page.route("**/api/me", (r) => r.fulfill({ status: 401, contentType: "application/problem+json", body: "{}" }));
    await page.goto("about:blank");
    await page.goto(`${hora.base}/`);
    await page.getByLabel("Password").waitFor();
    await page.screenshot({ path: join(out, `login${phone ? "-phone" : ""}-${dark ? "dark" : "light"}.png`) });
    await context.close();
  }
});
