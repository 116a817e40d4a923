// A run: its time line, its kin, and output of any length.
import { expect, test } from "vitest";
import { axe, put, until } from "./harness";
import { suite } from "./suite";

const s = suite(async () => {});

const runs = async (job: string) =>
  ((await (await fetch(`${s.hora.base}/api/runs?job=${job}&state=ended`)).json()) as { runs: { id: string }[] }).runs.map((r) => r.id);

const runOf = async (job: string) => {
  await fetch(`${s.hora.base}/api/jobs/${job}/run`, { method: "POST" });
  await until("the run ends", async () => (await runs(job)).length > 0);
  return (await runs(job))[0];
};

test("whose ends released it, and whom its own has released", async () => {
  for (const name of ["left", "right"]) await put(s.hora.base, { name, schedule: "0 0 1 1 *", command: "true" });
  await put(s.hora.base, { name: "joined", parents: ["left", "right"], command: "true" });
  const left = await runOf("left");
  await runOf("right");
  await until("the child ran", async () => (await runs("joined")).length === 1);
  const page = await s.go(`#/runs/${left}`);
  const kin = page.locator(".card").filter({ has: page.getByRole("heading", { name: "Runs before and after it" }) });
  await kin.getByText("No other run released it.").waitFor();
  await kin.getByRole("link", { name: "joined" }).click();
  await page.getByRole("heading", { name: "Released by" }).waitFor();
  await kin.getByRole("link", { name: "left" }).waitFor();
  await kin.getByRole("link", { name: "right" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await put(s.hora.base, { name: "marked", parents: ["right"], command: "true" });
  await fetch(`${s.hora.base}/api/jobs/right/success`, { method: "POST" });
  await until("it ran", async () => (await runs("marked")).length === 1);
  await page.goto(`${s.hora.base}/#/runs/${(await runs("marked"))[0]}`);
  await kin.getByText(/^Not known: a success that was counted by hand/).waitFor();
});

test("attempts on a time line with round ticks, and as a table", async () => {
  await put(s.hora.base, { name: "retried", schedule: "0 0 1 1 *", command: "sleep 0.3; exit 3", retries: 1, retryInterval: "PT1S" });
  const page = await s.go(`#/runs/${await runOf("retried")}`);
  await page.locator(".timeline .bar.between").waitFor({ state: "attached" });
  expect(await page.locator(".timeline line.offered").count()).toBe(2);
  expect(await page.locator(".timeline line.ended").count()).toBe(2);
  const ticks = await page.locator(".ticks span").allTextContents();
  expect(ticks.length).toBeGreaterThan(2);
  for (const x of ticks.slice(1)) expect(x).toMatch(/^\+(\d00 ms|\d\.[05] s|\d+ s)$/);
  for (const name of ["Offer taken", "Began", "Ended"]) await page.getByRole("columnheader", { name }).waitFor();
  await page.getByRole("button", { name: "0", exact: true }).click();
  await page.getByRole("heading", { name: "Output of attempt 0" }).waitFor();
  expect(await axe(page)).toEqual([]);
});

test("of output of 100 MB only a part is ever loaded", async () => {
  await put(s.hora.base, {
    name: "large",
    schedule: "0 0 1 1 *",
    command: 'yes "a line of output that is repeated over and over again" | head -c 104857600; echo; echo the very end',
  });
  const id = await runOf("large");
  const page = await s.go("#/activity");
  let loaded = 0;
  page.on("response", (r) => {
    if (r.url().includes("/files/stdout")) void r.body().then((b) => (loaded += b.length));
  });
  await page.evaluate((run) => {
    location.hash = `#/runs/${run}`;
  }, id);
  await page.locator(".log .line").filter({ hasText: "the very end" }).waitFor();
  for (let i = 0; i < 9; i++) {
    const came = page.waitForResponse((r) => r.url().includes("&limit="));
    await page.getByRole("button", { name: /^Load earlier output/ }).click();
    await (await came).finished();
  }
  await page.getByRole("button", { name: /^Later output/ }).waitFor();
  expect(await page.locator(".log .line").filter({ hasText: "the very end" }).count()).toBe(0);
  expect(await page.locator(".log .line").count()).toBeLessThan(12_000);
  await page.getByLabel("Search the output").fill("over and over");
  await page.getByText("in the part that is shown").waitFor();
  await page.getByLabel("Search the output").fill("");
  await page.getByLabel("Follow").check();
  await page.locator(".log .line").filter({ hasText: "the very end" }).waitFor();
  expect(loaded).toBeLessThan(2 << 20);
});
