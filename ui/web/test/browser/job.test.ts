// The page of one job, against a real hora.
import { expect, test } from "vitest";
import { axe, definition, put, until } from "./harness";
import { suite } from "./suite";

const s = suite();

test("defaults are told by their values; who paused it and when", async () => {
  await put(s.hora.base, { name: "plain", schedule: "0 6 * * *", command: "true", timeout: 5400, overlap: "skip" });
  const page = await s.go("#/jobs/plain");
  await page.getByText(/^2, each after 1 min \(default\)$/).waitFor();
  await page.getByText("1 h 30 min").waitFor();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByLabel("Reason").fill("the disk is full");
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  await page.locator(".notice").getByText("127.0.0.1").waitFor();
  expect(await page.locator(".notice").textContent()).toMatch(/the disk is full.*127\.0\.0\.1 \d{4}-\d\d-\d\d .*(ago|now)/);
});

test("runs by state and time, with the address; a day of the calendar leads to its runs", async () => {
  const page = await s.go("#/jobs/flaky-import/runs");
  await page.getByRole("cell", { name: "failed" }).first().waitFor();
  await page.locator("main").getByLabel("State").selectOption("succeeded");
  await page.getByText("No run that is kept fits.").waitFor();
  expect(page.url()).toContain("show=succeeded");
  await page.reload();
  await page.getByText("No run that is kept fits.").waitFor();
  await page.goto(`${s.hora.base}/#/jobs/heartbeat/runs`);
  await page.locator("main").getByLabel("State").selectOption("open");
  await page.getByRole("cell", { name: "running" }).waitFor();
  await page.goto(`${s.hora.base}/#/jobs/extract-orders/runs`);
  await page.getByRole("cell", { name: "succeeded" }).first().waitFor();
  await page.getByLabel("Until").fill("2020-01-01T00:00");
  await page.getByText("No run that is kept fits.").waitFor();
  await page.goto(`${s.hora.base}/#/jobs/extract-orders`);
  expect(await axe(page)).toEqual([]);
  const day = page.locator(".calendar a");
  await day.first().focus();
  expect(await day.first().textContent()).toMatch(/^\d{4}-\d\d-\d\d: \d+ succeeded, 0 failed, 0 missed, 0 others$/);
  await page.keyboard.press("Enter");
  await page.getByRole("cell", { name: "succeeded" }).first().waitFor();
  expect(page.url()).toMatch(/from=\d{4}-\d\d-\d\dT0[12]/); // midnight of UTC in Berlin
});

test("killing and marking as success ask first, and say what it means", async () => {
  const page = await s.go("#/jobs/heartbeat");
  await page.locator(".title .badge.run").waitFor();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Kill what runs" }).click();
  await page.getByText(/1 run is not over: what runs is killed/).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.locator(".title .badge.run").waitFor(); // it runs on
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Kill what runs" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Kill what runs" }).click();
  await page.getByText("The tasks of heartbeat are killed.").waitFor();
  await page.locator(".title .badge.run").waitFor({ state: "detached" });

  await put(s.hora.base, { name: "given", schedule: "0 0 1 1 *", command: "true" });
  await put(s.hora.base, { name: "waits-for-given", parents: ["given"], command: "true" });
  await page.goto(`${s.hora.base}/#/jobs/given`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Mark as success" }).click();
  await page.getByText("Counts a success without a run, for the children: waits-for-given.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Mark as success" }).click();
  await page.getByText("given counts as successful.").waitFor();
  await until("the child runs", async () => {
    const r = (await (await fetch(`${s.hora.base}/api/runs?job=waits-for-given`)).json()) as { runs: unknown[] };
    return r.runs.length === 1;
  });
});

test("going back to a revision shows first what that changes", async () => {
  await put(s.hora.base, { name: "turned", schedule: "0 6 * * *", command: "one", retries: 1 });
  await put(s.hora.base, { name: "turned", schedule: "0 6 * * *", command: "two", retries: 5 });
  const page = await s.go("#/jobs/turned/revisions");
  await page.getByRole("button", { name: "Put into force again" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("rowheader", { name: "command" }).waitFor();
  expect(await dialog.locator(".changes tbody tr").allTextContents()).toEqual(["commandtwoone", "retries51"]);
  expect(await axe(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Put into force again" }).click();
  await page.getByText("Revision 1 is in force again.").waitFor();
  expect((await definition(s.hora.base, "turned")).command).toBe("one");
});

test("the next slot is skipped, and not skipped; a backfill is stopped", async () => {
  await put(s.hora.base, { name: "slots", schedule: "R/2026-01-01T00:00:00Z/PT1H", command: "sleep 60" });
  const page = await s.go("#/jobs/slots");
  const more = page.getByRole("button", { name: "More" });
  await more.click();
  await page.getByRole("button", { name: "Skip the next slot" }).click();
  await page.getByText("will be skipped", { exact: true }).waitFor();
  await more.click();
  await page.getByRole("button", { name: "Do not skip the next slot" }).click();
  await page.getByText("will be skipped", { exact: true }).waitFor({ state: "detached" });
  await more.click();
  await page.getByRole("button", { name: "Backfill" }).click();
  await page.getByText(/\d+ slots would be run/).waitFor();
  await page.getByLabel("Until").fill("2020-01-01T00:00");
  await page.getByText(/^0 slots would be run/).waitFor();
  expect(await page.getByRole("dialog").getByRole("button", { name: "Backfill" }).isDisabled()).toBe(true);
  await page.getByLabel("From").fill("2026-01-01T00:00");
  await page.getByLabel("Until").fill("2026-01-02T00:00");
  await page.getByText("24 slots would be run.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Backfill" }).click();
  await page.getByText(/Backfill: \d+ of 24 slots/).waitFor();
  await more.click();
  await page.getByRole("button", { name: "Stop the backfill" }).click();
  await page.getByText(/Backfill: \d+ of 24 slots/).waitFor({ state: "detached" });
});
