// Now: what goes on, and what is done about a minute at which too much is due.
import { expect, test } from "vitest";
import { axe, definition, put } from "./harness";
import { suite } from "./suite";

// Far enough away from now, whenever the test runs: nothing of it is due meanwhile.
const far = new Date(Date.now() + 6 * 3_600_000);
const hour = far.getUTCHours();

const s = suite(async (base) => {
  for (let i = 0; i < 30; i++) await put(base, { name: `night-${i}`, schedule: `0 ${hour} * * *`, command: "true" });
  await put(base, { name: "jittery", schedule: `0 ${hour} * * *`, jitter: "PT5M", command: "true" });
  await put(base, { name: "child", parents: ["night-0"], command: "true" });
  await put(base, {
    name: "nowhere",
    schedule: "0 0 1 1 *",
    command: "true",
    constraints: [
      ["hostname", "EQUALS", "a-host-that-is-not-there"],
      ["rack", "EQUALS", "a-rack-that-is-not-there"],
    ],
  });
  await fetch(`${base}/api/jobs/nowhere/run`, { method: "POST" });
});

test("why something waits is all there to be read; the cluster is in a line; slots to come have lanes", async () => {
  const page = await s.go("#/now");
  const why = page.locator(".items .why").first();
  await why.waitFor();
  const cut = await why.evaluate((e) => e.scrollWidth > e.clientWidth || getComputedStyle(e).textOverflow === "ellipsis");
  expect(cut).toBe(false);
  await page.getByRole("region", { name: "Cluster" }).getByText("Agents").waitFor();
  await page.getByRole("button", { name: "±24 h" }).click();
  await page.locator(".lanes .coming").nth(10).waitFor({ state: "attached" });
});

test("the load of the day can be read with the keyboard, and as a table", async () => {
  const page = await s.go("#/now", { timezoneId: "UTC" });
  const plot = page.getByRole("application", { name: "Jobs due by minute of the day" });
  await plot.locator("canvas").waitFor();
  expect(await axe(page)).toEqual([]);
  await plot.focus();
  await page.keyboard.press("Home");
  await page.locator(".chart [role=status]").filter({ hasText: "00:00:" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator(".chart [role=status]").filter({ hasText: "00:01:" }).waitFor();
  await page.locator(".load summary").click();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: `${String(hour).padStart(2, "0")}:00` }) });
  await row.getByRole("cell", { name: "31" }).waitFor();
  expect(await axe(page)).toEqual([]);
});

test("a crowded minute is spread: preview, choice, conflicts, what came of it", async () => {
  const page = await s.go("#/now", { timezoneId: "UTC" });
  await page.getByRole("button", { name: `31 jobs at ${String(hour).padStart(2, "0")}:00 – spread them?` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The fullest minute of the day has 31 jobs now, and").waitFor();
  await dialog.locator(".chart canvas").waitFor();
  expect(await axe(page)).toEqual([]);
  await dialog.getByText("1 job is left alone").click();
  await dialog.getByText("jittery").waitFor();
  await dialog.getByLabel("Later by at most").selectOption("PT15M");
  const first = dialog.getByRole("row").nth(1);
  await first.getByRole("rowheader").waitFor();
  await first.getByText(/\d+ min/).waitFor();
  const named = await dialog.getByRole("rowheader").allTextContents();
  const moved = named[0];
  const before = await dialog.getByRole("status").filter({ hasText: "fullest" }).textContent();
  const kept = named.filter((n) => n !== moved).slice(0, 2);
  for (const n of kept) await dialog.getByLabel(`Move ${n}`, { exact: true }).uncheck();
  await dialog.getByRole("button", { name: `Move ${named.length - 2} jobs` }).waitFor();
  expect(await dialog.getByRole("status").filter({ hasText: "fullest" }).textContent()).not.toBe(before);
  const conflict = named.find((n) => n !== moved && !kept.includes(n))!;
  await put(s.hora.base, { name: conflict, schedule: `0 ${hour} * * *`, command: "echo other" });
  await dialog.getByRole("button", { name: /^Move \d+ jobs/ }).click();
  await dialog.getByText(/\d\d jobs are moved/).waitFor();
  await dialog.getByText(`${conflict}: the job has been changed meanwhile`).waitFor();
  expect(await axe(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  expect((await definition(s.hora.base, kept[0])).schedule).toBe(`0 ${hour} * * *`);
  const d = await definition(s.hora.base, moved);
  expect(d.schedule).toMatch(new RegExp(`^([1-9]|1[0-5]) ${hour} \\* \\* \\*$`));
  expect(new Date(d.notBefore as string).getTime()).toBeGreaterThan(Date.now());
  await page.goto(`${s.hora.base}/#/jobs/${moved}/revisions`);
  await page.getByRole("button", { name: "Put into force again" }).last().click();
  await page.getByRole("dialog").getByRole("button", { name: "Put into force again" }).click();
  await page.getByText("Revision 1 is in force again.").waitFor();
  expect((await definition(s.hora.base, moved)).schedule).toBe(`0 ${hour} * * *`);
});

test("the durations of a job's runs are a chart, from which one gets to the run", async () => {
  await put(s.hora.base, { name: "timed", schedule: "0 0 1 1 *", command: "sleep 0.1" });
  for (let n = 1; n <= 3; n++) {
    await fetch(`${s.hora.base}/api/jobs/timed/run`, { method: "POST" });
    for (;;) {
      const r = (await (await fetch(`${s.hora.base}/api/runs?job=timed&state=ended`)).json()) as { runs: unknown[] };
      if (r.runs.length >= n) break;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  const page = await s.go("#/jobs/timed/runs");
  const plot = page.getByRole("application", { name: "Durations of the last runs, oldest first" });
  await plot.locator("canvas").waitFor();
  expect(await axe(page)).toEqual([]);
  await plot.focus();
  await page.keyboard.press("End");
  await page
    .locator(".chart [role=status]")
    .filter({ hasText: / ms|s$/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.startsWith("#/runs/"));
});
