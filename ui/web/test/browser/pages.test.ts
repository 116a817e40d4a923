// Every page and its main actions, against a real hora.
import { expect, test } from "vitest";
import { axe, definition, me, put, startHora, startProxy, until, wait } from "./harness";
import { suite } from "./suite";

const s = suite();

test("jobs: list, filter, facets, sort, columns, keys", async () => {
  const page = await s.go("");
  const rows = page.locator("[aria-rowindex]");
  await page.getByRole("link", { name: "extract-orders" }).waitFor();
  expect(await rows.count()).toBe(12);
  expect(await axe(page)).toEqual([]);

  await page.keyboard.press("/");
  await page.keyboard.type("owner:bi*");
  await page.getByText("3 jobs").waitFor();
  expect(page.url()).toContain("q=owner");
  await page.getByRole("link", { name: "nightly-report" }).waitFor();
  expect(await page.getByRole("link", { name: "extract-orders" }).count()).toBe(0);

  await page.keyboard.press("ControlOrMeta+a");
  s.seen.expected.push(/400/);
  await page.keyboard.type("colour:red");
  await page.getByText(/no field "colour"/).waitFor();
  await page.getByRole("link", { name: "All", exact: true }).click();
  await page.getByText("12 jobs").waitFor();

  await page.getByRole("button", { name: /^failing/ }).click();
  await page.getByRole("link", { name: "flaky-import" }).waitFor();
  await page.getByText("1 job", { exact: true }).waitFor();
  await page.getByRole("link", { name: "All", exact: true }).click();

  await page.getByLabel("Sort by").selectOption("owner");
  await page.waitForFunction(() => document.querySelector("[aria-rowindex='2'] a")?.textContent === "export-warehouse");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByLabel("Retries", { exact: true }).check();
  await page.getByRole("columnheader", { name: "Retries" }).waitFor();
  await page.keyboard.press("Escape");

  await page
    .locator("h1")
    .first()
    .evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.locator(".row.active").filter({ hasText: "export-warehouse" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "export-warehouse" }).waitFor();

  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox").fill("load-ord");
  await page.getByRole("option", { name: /load-orders/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "load-orders" }).waitFor();
});

test("jobs: an action on all of a filter shows first what it means", async () => {
  await put(s.hora.base, { name: "bulk-1", schedule: "0 0 1 1 *", command: "true" });
  await put(s.hora.base, { name: "bulk-2", schedule: "0 0 1 1 *", command: "true" });
  const page = await s.go("#/jobs?q=name%3Abulk-*");
  await page.getByText("2 jobs").waitFor();
  await page.getByRole("button", { name: "All of these" }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("bulk-1, bulk-2").waitFor();
  await page.getByLabel("Reason").fill("maintenance");
  await page.getByRole("button", { name: "Yes, 2 jobs" }).click();
  await page.getByText("Done for 2 jobs.").waitFor();
  expect((await definition(s.hora.base, "bulk-2")).disabled).toBe(true);
  await page.getByRole("button", { name: "All of these" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Yes, 2 jobs" }).click();
  await page.getByText("No job fits the filter.").waitFor();
});

test("editor: a new job with user, retries and a host", async () => {
  const page = await s.go("#/new");
  await page.getByText("The definition is valid.").waitFor();
  expect(await axe(page)).toEqual([]);
  s.seen.expected.push(/412/);
  await page.getByLabel(/^Name/).fill("extract-orders");
  await page.getByText("there is a job of that name already").first().waitFor();
  await page.getByLabel(/^Name/).fill("made-by-hand");
  await page.getByLabel(/^Command/).fill("hostname; echo made");
  await page.getByLabel(/^Run as user/).fill(me);
  await page.getByLabel(/^Retries/).fill("4");
  await page.getByLabel(/^Retry interval/).fill("soon");
  await page.locator("[data-field=retryInterval].invalid").waitFor();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  await page.getByLabel(/^Retry interval/).fill("PT90S");
  await page.getByLabel(/agent2/).check();
  await page.getByText("Runs on agent2 only.").waitFor();
  await page.getByRole("button", { name: "every day at 3" }).click();
  await page.getByText(/03:00 every day/).waitFor();
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: "made-by-hand" }).waitFor();
  const d = await definition(s.hora.base, "made-by-hand");
  expect(d).toMatchObject({
    runAsUser: me,
    retries: 4,
    retryInterval: "PT90S",
    schedule: "0 3 * * *",
    constraints: [["hostname", "EQUALS", "agent2"]],
  });
});

test("editor: a change keeps what the form does not show, and attributes of the cluster are offered", async () => {
  const before = {
    name: "full",
    schedule: "R/2027-01-01T00:00:00Z/P1D",
    command: "true",
    environmentVariables: [{ name: "A", value: "1" }],
    uris: ["http://127.0.0.1/x"],
    container: {
      image: "busybox",
      type: "DOCKER",
      volumes: [{ hostPath: "/a", containerPath: "/b", mode: "RO" }],
      parameters: [{ key: "cap-add", value: "NET_ADMIN" }],
    },
    constraints: [["rack", "LIKE", "r[0-9]"]],
    executorFlags: "x",
    taskInfoData: "y",
    retryOn: ["75"],
    notify: "failed",
  };
  await put(s.hora.base, before);
  const stored = await definition(s.hora.base, "full");
  const page = await s.go("#/jobs/full/definition");
  await page.getByText("The definition is valid.").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel(/agent1/).check();
  await page.getByLabel(/agent3/).check();
  await page.getByRole("button", { name: "Add a constraint" }).click();
  const list = (await page.getByLabel("Attribute", { exact: true }).last().getAttribute("list"))!;
  expect(await page.locator(`[id="${list}"] option`).evaluateAll((o) => o.map((x) => (x as HTMLOptionElement).value))).toContain("rack");
  await page.getByLabel("Attribute", { exact: true }).last().fill("rack");
  await page.getByLabel("Operator").last().selectOption("UNLIKE");
  await page.getByLabel("Value", { exact: true }).last().fill("9");
  await page.getByText("The definition is valid.").waitFor();
  const save = page.getByRole("button", { name: "Save" });
  await save.click();
  await page.getByText("full is saved.").waitFor();
  const after = await definition(s.hora.base, "full");
  expect(after).toEqual({
    ...stored,
    constraints: [
      ["rack", "LIKE", "r[0-9]"],
      ["hostname", "LIKE", "agent1|agent3"],
      ["rack", "UNLIKE", "9"],
    ],
  });
});

test("editor: the text and the form are one document; somebody else's change is not overwritten", async () => {
  await put(s.hora.base, { name: "shared", schedule: "0 5 * * *", command: "one", retries: 1 });
  const page = await s.go("#/jobs/shared/definition");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  const text = page.locator(".code .cm-content");
  await text.waitFor();
  expect(await axe(page)).toEqual([]);
  await text.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText('{"name": "shared", "schedule": "0 5 * * *", "command": "two", "retries": ');
  await page.getByRole("alert").waitFor();
  await page.getByRole("button", { name: "Save" }).click(); // refused before anything is sent
  await page.keyboard.insertText("7}");
  await page.getByRole("alert").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Form", exact: true }).click();
  expect(await page.getByLabel(/^Retries/).inputValue()).toBe("7");
  await put(s.hora.base, { name: "shared", schedule: "0 5 * * *", command: "one", retries: 1, owner: "other@example.com" });
  await page.getByRole("button", { name: "Make my changes to the new definition" }).click();
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("shared is saved.").waitFor();
  expect(await definition(s.hora.base, "shared")).toMatchObject({ command: "two", retries: 7 });

  await page.getByRole("tab", { name: "Revisions" }).click();
  await page.getByRole("heading", { name: "Revision 3" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Put into force again" }).last().click();
  await page.getByRole("dialog").getByRole("button", { name: "Put into force again" }).click();
  await page.getByText("Revision 1 is in force again.").waitFor();
  expect((await definition(s.hora.base, "shared")).retries).toBe(1);
});

test("editor: parents by search", async () => {
  const page = await s.go("#/new");
  await page.getByLabel(/^Name/).fill("child-of-two");
  await page.getByRole("button", { name: "After other jobs" }).click();
  const box = page.getByLabel(/^Parents/);
  for (const p of ["check-orders", "nightly-report"]) {
    await box.fill(p);
    await box.press("Enter");
    await page.getByRole("button", { name: `Remove ${p}` }).waitFor();
  }
  await page.locator(".graph.tiny .box").nth(2).waitFor();
  await box.fill("not-there");
  await box.press("Enter");
  await page.locator("[data-field=parents].invalid").waitFor();
  await page.getByRole("button", { name: "Remove not-there" }).click();
  await page.locator("[data-field=parents].invalid").waitFor({ state: "detached" });
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: "child-of-two" }).waitFor();
  expect((await definition(s.hora.base, "child-of-two")).parents).toEqual(["check-orders", "nightly-report"]);
});

test("job: pause with a reason, resume, skip, clone, delete", async () => {
  await put(s.hora.base, { name: "victim", schedule: "0 6 * * *", command: "true" });
  await put(s.hora.base, { name: "orphan", parents: ["victim"], command: "true" });
  const page = await s.go("#/jobs/victim");
  await page.getByText("Next slot").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByLabel("Reason").fill("the disk is full");
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("The job is paused: the disk is full").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("The job is paused: the disk is full").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Skip the next slot" }).click();
  await page.getByText("will be skipped", { exact: true }).waitFor();
  await page.getByRole("tab", { name: "Activity" }).click();
  await page.getByText("the disk is full").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Clone" }).click();
  await page.getByRole("heading", { name: "New job like victim" }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText(/orphan is disabled/).waitFor();
  s.seen.expected.push(/404/); // the event may come before the answer
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("victim is deleted.").waitFor();
  expect((await fetch(`${s.hora.base}/api/jobs/victim`)).status).toBe(404);
});

test("run now with arguments and environment; the log, its colours, search, following, download", async () => {
  await put(s.hora.base, {
    name: "talker",
    schedule: "0 7 * * *",
    arguments: ["first"],
    command:
      'printf "\\033[31mred\\033[0m <b>plain</b>\\n"; echo "COLOUR=$COLOUR"; for i in $(seq 1 400); do echo "line $i of it"; sleep 0.01; done; echo "args:"',
  });
  const page = await s.go("#/jobs/talker");
  await page.getByRole("button", { name: "Run now" }).click();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Arguments, one a line").fill("second\nthird");
  await page.getByLabel("Variables, one a line").fill("COLOUR=blue and green");
  await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
  await page.getByText("COLOUR=blue and green").first().waitFor();
  await page.locator(".log .line").filter({ hasText: "args: second third" }).waitFor();
  expect(await page.locator(".log .fg1").textContent()).toBe("red");
  expect(await page.locator(".log b").count()).toBe(0);
  await page.locator(".badge.good").first().waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Search the output").fill("LINE 399");
  await page.getByText("1 of 1").waitFor();
  expect(await page.locator("mark").first().textContent()).toBe("line 399");
  await page.getByLabel("Wrap").uncheck();
  await page.locator(".log:not(.wrap)").waitFor();
  const got = page.waitForEvent("download", { timeout: wait });
  await page.getByRole("link", { name: "Download" }).click();
  expect((await got).suggestedFilename()).toContain("talker");
  await page.getByRole("button", { name: "stderr" }).click();
  await page.getByText("The file is empty.").waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.waitForFunction((old) => location.hash !== old, new URL(page.url()).hash);
});

test("run: a failure says why; what runs can be killed", async () => {
  const failed = await s.runID("job=flaky-import&outcome=failed&state=ended");
  const page = await s.go(`#/runs/${failed}`);
  await page.getByText("Command exited with status 3").first().waitFor();
  await page.getByRole("button", { name: "stderr" }).click();
  await page.getByText("cannot reach the host").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.goto(`${s.hora.base}/#/runs/${await s.runID("job=heartbeat&state=running")}`);
  await page.locator(".log .line").filter({ hasText: "beat 1" }).first().waitFor();
  await page.getByRole("button", { name: "Kill" }).click();
  await page.locator(".title .badge").filter({ hasText: "killed" }).waitFor();
  await page.goto(`${s.hora.base}/#/runs/${await s.runID("job=needs-a-gpu")}`);
  await page.getByText("Wants an offer", { exact: true }).waitFor();
});

test("backfill", async () => {
  await put(s.hora.base, { name: "filled", schedule: "R/2026-01-01T00:00:00Z/PT1H", command: "true" });
  const page = await s.go("#/jobs/filled");
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Backfill" }).click();
  await page.getByText(/\d+ slots would be run/).waitFor();
  const slots = Number(/(\d+) slots/.exec((await page.getByText(/\d+ slots would be run/).textContent())!)![1]);
  expect(slots).toBeGreaterThan(20);
  await page.getByLabel("At once").fill("4");
  await page.getByRole("dialog").getByRole("button", { name: "Backfill" }).click();
  await page.getByText(`${slots} slots will be run.`).waitFor();
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByRole("cell", { name: "backfill" }).nth(5).waitFor();
  expect(await axe(page)).toEqual([]);
});

test("now, cluster, activity", async () => {
  const page = await s.go("#/now");
  await page.locator(".tile").filter({ hasText: "Failing" }).waitFor();
  await page.getByRole("link", { name: "flaky-import" }).first().waitFor();
  await page.locator(".load canvas").first().waitFor();
  expect(await axe(page)).toEqual([]);
  await page.goto(`${s.hora.base}/#/cluster`);
  await page.getByRole("rowheader", { name: "agent3" }).first().waitFor();
  await page.locator(".tile").filter({ hasText: "Store" }).getByText("data").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.goto(`${s.hora.base}/#/activity`);
  await page.locator(".audit li").first().waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Order").selectOption("run");
  await page.locator(".audit li").filter({ hasText: "Made" }).first().waitFor({ state: "detached" });
  await page.getByLabel("Job", { exact: true }).fill("heartbeat");
  await page.keyboard.press("Enter");
  await page.locator(".audit li").filter({ hasText: "extract-orders" }).first().waitFor({ state: "detached" });
  await page.locator(".audit li").filter({ hasText: "heartbeat" }).waitFor();
  expect(page.url()).toContain("action=run");
  await page.getByLabel("By", { exact: true }).fill("nobody");
  await page.keyboard.press("Enter");
  await page.getByText("No order that is kept fits.").waitFor();
});

test("dark, Chinese, phone: every page, with nothing that runs out of it", async () => {
  const failed = await s.runID("job=flaky-import&outcome=failed&state=ended");
  const page = await s.go("", { dark: true, locale: "zh-CN", viewport: { width: 390, height: 844 } });
  for (const [hash, text] of [
    ["#/jobs", "个作业"],
    ["#/jobs/load-orders", "正在等待"],
    ["#/jobs/extract-orders", "计划"],
    ["#/jobs/extract-orders/runs", "尝试"],
    ["#/jobs/load-orders/graph", "层数"],
    ["#/jobs/extract-orders/definition", "定义有效"],
    [`#/runs/${failed}`, "时间线"],
    ["#/now", "延迟"],
    ["#/graph", "最长链路"],
    ["#/cluster", "代理节点"],
    ["#/activity", "操作记录"],
    ["#/new", "创建作业"],
  ]) {
    await page.goto(`${s.hora.base}/${hash}`);
    await page.locator("main").getByText(text).first().waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(over, hash).toBeLessThanOrEqual(0);
    expect(await axe(page), hash).toEqual([]);
  }
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
});

test("theme and language are chosen and kept", async () => {
  const page = await s.go("#/jobs");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Dark").check();
  await page.getByLabel("中文").click();
  await page.getByRole("link", { name: "依赖图" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "依赖图" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
});

test("below a path prefix", async () => {
  const proxy = await startProxy(s.hora.port, "/tools/hora");
  try {
    await s.at(proxy.base, "#/jobs/load-orders/graph");
    await s.seen.page.locator(".box").first().waitFor();
    await s.seen.page.getByText("Live", { exact: true }).waitFor();
    await s.seen.page.goto(`${proxy.base}#/jobs/nightly-report/definition`);
    await s.seen.page.getByText("The definition is valid.").waitFor();
  } finally {
    await s.seen.context.close();
    proxy.server.closeAllConnections();
    proxy.server.close();
  }
});

test("what happens is shown without a question", async () => {
  const page = await s.go("#/jobs?q=name%3Anews");
  await page.getByText("No job fits the filter.").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await put(s.hora.base, { name: "news", schedule: "0 0 1 1 *", command: "true" });
  await page.getByRole("link", { name: "news", exact: true }).waitFor();
});

test("a server that goes away and comes back", async () => {
  const page = await s.go("#/jobs");
  s.seen.expected.push(/ERR_|Failed to load resource/);
  await page.getByText("Live", { exact: true }).waitFor();
  await s.hora.stop();
  await page.getByText(/The server cannot be reached/).waitFor();
  await page.getByRole("link", { name: "extract-orders" }).waitFor(); // what was known stays
  s.hora = await startHora([], s.hora.port, s.hora.dir);
  await page.getByText(/The server cannot be reached/).waitFor({ state: "detached" });
  await put(s.hora.base, { name: "after-the-restart", schedule: "0 0 1 1 *", command: "true" });
  await page.getByRole("link", { name: "after-the-restart" }).waitFor();
  await until("the jobs are there", async () => (await fetch(`${s.hora.base}/api/jobs?limit=1`)).ok);
});
