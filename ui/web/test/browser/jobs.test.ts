// The list of jobs: keys, ticks, completion, columns, views.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { axe, definition, put, until } from "./harness";
import { suite } from "./suite";

const s = suite(async (base) => {
  for (let i = 0; i < 150; i++)
    await put(base, {
      name: `job-${String(i).padStart(3, "0")}`,
      schedule: "0 3 * * *",
      command: "true",
      owner: `team${i % 3}@example.com`,
      scheduleTimeZone: i === 1 ? "America/New_York" : "Europe/Berlin",
    });
});

const go = async (hash = "", o?: Parameters<typeof s.go>[1]): Promise<Page> => {
  const page = await s.go(hash, o);
  await page.locator(".list .name a").first().waitFor();
  return page;
};

const paused = async (q: string) =>
  ((await (await fetch(`${s.hora.base}/api/jobs?q=${encodeURIComponent(`disabled:yes ${q}`)}&fields=name`)).json()) as { total: number })
    .total;

test("rows are ticked by mouse and by key, and an action is asked for first", async () => {
  const page = await go();
  await page.getByLabel("Choose job-002").click();
  await page.getByText("1 chosen").waitFor();
  await page.getByLabel("Choose job-005").click({ modifiers: ["Shift"] });
  await page.getByText("4 chosen").waitFor();
  expect(await page.getByRole("checkbox", { name: "Choose job-004" }).isChecked()).toBe(true);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.getByText("5 chosen").waitFor();
  expect(await page.getByLabel("Choose job-001").isChecked()).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("job-001");
  await page.keyboard.press("x");
  await page.getByText("4 chosen").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("4 jobs are chosen:").waitFor();
  await page.getByText("job-002, job-003, job-004, job-005").waitFor();
  expect(await axe(page)).toEqual([]);
  expect(await paused("")).toBe(0);
  await page.getByLabel("Reason").fill("maintenance");
  await page.getByRole("button", { name: "Yes, 4 jobs" }).click();
  await page.getByText("Done for 4 jobs.").waitFor();
  expect(await paused("name:job-002,job-003,job-004,job-005")).toBe(4);
  await page.getByText("4 chosen").waitFor({ state: "detached" });
});

test("a job that is gone meanwhile is told, and the others are done", async () => {
  await put(s.hora.base, { name: "going", schedule: "0 0 1 1 *", command: "true" });
  await put(s.hora.base, { name: "staying", schedule: "0 0 1 1 *", command: "true" });
  const page = await go("#/jobs?q=name:going,staying");
  await page.getByLabel("Choose what is on the screen").click();
  await page.getByText("2 chosen").waitFor();
  await fetch(`${s.hora.base}/api/jobs/going`, { method: "DELETE" });
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("1 of those that you chose is no longer there.").waitFor();
  await page.getByRole("button", { name: "Yes, 1 job" }).click();
  await page.getByText("No job fits the filter.").waitFor();
});

test("all that the filter means can be chosen, though few rows are on the screen", async () => {
  const page = await go("#/jobs?q=owner:team1*");
  await page.getByLabel("Choose what is on the screen").click();
  await page.getByText(/^\d+ chosen$/).waitFor();
  await page.getByRole("button", { name: "Choose all 50 of the filter" }).click();
  await page.getByText("All 50 of the filter are chosen").waitFor();
  expect(await page.getByRole("checkbox", { name: "Choose job-001" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("The filter “owner:team1*” means 50 jobs:").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("All 50 of the filter are chosen").waitFor(); // the dialog is closed, no more
  await page.keyboard.press("Escape");
  await page.getByText("All 50 of the filter are chosen").waitFor({ state: "detached" });
});

test("a range may reach over what was never on the screen", async () => {
  const page = await go();
  await page.getByLabel("Choose job-001").click();
  await page.locator(".list").evaluate((e) => e.scrollTo(0, e.scrollHeight));
  await page.getByLabel("Choose job-149").click({ modifiers: ["Shift"] });
  await page.getByText("149 chosen").waitFor();
});

test("the filter completes fields, values and names by keyboard", async () => {
  const page = await go();
  await page.keyboard.press("/");
  const box = page.getByRole("combobox", { name: "Filter" });
  await page.keyboard.type("own");
  await page.getByRole("option", { name: "owner:" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("ArrowDown");
  expect(await box.getAttribute("aria-activedescendant")).toBe(await page.locator(".words [aria-selected=true]").getAttribute("id"));
  await page.keyboard.press("Enter");
  expect(await box.inputValue()).toBe("owner:");
  await page.getByRole("option", { name: /team2@example.com 50/ }).waitFor();
  await page.keyboard.type("team2");
  await page.getByRole("option", { name: /team1@/ }).waitFor({ state: "detached" });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  expect(await box.inputValue()).toBe("owner:team2@example.com ");
  await page.getByText("50 jobs").waitFor();
  await page.keyboard.type("name:job-14");
  await page.getByRole("option", { name: "name:job-140" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".words [role=option]").first().waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.hasAttribute("data-filter"))).toBe(true);
  await page.keyboard.press("Escape");
  expect(await page.evaluate(() => document.activeElement?.hasAttribute("data-filter"))).toBe(false);
});

test("columns are chosen and ordered, only what they show is asked for, and the address holds it", async () => {
  const page = await go();
  expect(await page.getByRole("columnheader", { name: "Host" }).count()).toBe(0);
  await page.getByRole("button", { name: "Columns" }).click();
  expect(await axe(page)).toEqual([]);
  const asked = page.waitForRequest((r) => /jobs\?.*limit=100/.test(r.url()) && /fields=[^&]*running/.test(r.url()));
  await page.getByLabel("Host", { exact: true }).check();
  await page.getByRole("columnheader", { name: "Host" }).waitFor();
  expect((await asked).url()).not.toMatch(/command|retries/);
  for (const name of ["Schedule", "Last runs", "Last end", "Owner"]) await page.getByLabel(name, { exact: true }).uncheck();
  await page.getByRole("button", { name: "Move Host to the front" }).click();
  await page.keyboard.press("Escape");
  const heads = async (p: Page) => (await p.getByRole("columnheader").allTextContents()).map((x) => x.trim());
  const want = await heads(page);
  expect(want).toEqual(["", "Job ▲", "State", "Next run", "Host", "Next (yours)"]);
  const hash = new URL(page.url()).hash;
  await s.seen.context.close();
  const other = await go(hash);
  expect(await heads(other)).toEqual(want);
});

test("a view is saved under a name, renamed and deleted", async () => {
  const page = await go("#/jobs?q=owner:team1*&sort=-next");
  await page.getByRole("button", { name: "Views …" }).click();
  await page.getByLabel("Name of the view", { exact: true }).fill("Team one");
  await page.keyboard.press("Enter");
  await page.getByText("The view Team one is saved.").waitFor();
  await page.getByRole("link", { name: "All", exact: true }).click();
  await page.getByText("150 jobs").waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Team one" }).click();
  await page.getByText("50 jobs").waitFor();
  expect(decodeURIComponent(page.url())).toMatch(/q=owner:team1\*&sort=-next&cols=state,/);
  expect(await page.getByRole("link", { name: "Team one" }).getAttribute("aria-current")).toBe("true");
  await page.getByRole("button", { name: "Views …" }).click();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Name of the view Team one").fill("Ours");
  await page.keyboard.press("Enter");
  await page.getByLabel("Name of the view Ours").waitFor();
  await page.getByRole("button", { name: "Delete the view Ours" }).click();
  await page.keyboard.press("Escape");
  expect(await page.getByRole("link", { name: "Ours" }).count()).toBe(0);
});

test("the next run is told in the job's zone and in yours", async () => {
  const page = await go("#/jobs?q=name:job-001");
  const cell = (c: string) => page.locator(`[aria-rowindex="2"] .c-${c}`).textContent();
  expect(await cell("next")).toMatch(/^\d\d-\d\d 03:00\s+in /);
  expect(await cell("own")).toMatch(/^\d\d-\d\d 0[89]:00$/); // New York is five or six hours behind Berlin
});

test("two states beside each other are not cut off", async () => {
  await put(s.hora.base, { name: "tries-again", schedule: "0 0 1 1 *", command: "exit 3", retries: 3, retryInterval: "PT1S" });
  const run = () => fetch(`${s.hora.base}/api/jobs/tries-again/run`, { method: "POST" });
  await run();
  await until("it has failed", async () => {
    const r = (await (await fetch(`${s.hora.base}/api/jobs?q=name:tries-again`)).json()) as { jobs: { failing: boolean }[] };
    return r.jobs[0].failing;
  });
  await put(s.hora.base, { ...(await definition(s.hora.base, "tries-again")), name: "tries-again", retryInterval: "PT1H" });
  await run();
  const page = await go("#/jobs?q=name:tries-again");
  await page.locator(".c-state .badge", { hasText: "retrying" }).waitFor();
  await page.locator(".c-state .badge", { hasText: "failing" }).waitFor();
  expect(await page.locator(".c-state").evaluate((e) => e.scrollWidth <= e.clientWidth)).toBe(true);
});

test("j and k move the focus, Enter opens, the way back leads to the same place", async () => {
  const page = await go();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.locator(".row.active").filter({ hasText: "job-000" }).waitFor();
  for (let i = 0; i < 60; i++) await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.textContent === "job-060");
  const top = await page.locator(".list").evaluate((e) => e.scrollTop);
  expect(top).toBeGreaterThan(500);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "job-060" }).waitFor();
  await page.goBack();
  await page.getByRole("link", { name: "job-060" }).waitFor();
  expect(await page.locator(".list").evaluate((e) => e.scrollTop)).toBe(top);
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox", { name: "Go to" }).waitFor();
  await page.keyboard.press("Escape");
});

test("a phone ticks rows, too", async () => {
  const page = await go("", { viewport: { width: 390, height: 844 }, hasTouch: true });
  await page.getByLabel("Choose job-003").tap();
  await page.getByText("1 chosen").waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(await axe(page)).toEqual([]);
});
