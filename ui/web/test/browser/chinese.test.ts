// The page in Chinese: nothing of it, and nothing that the server says, is left in English.
import { expect, test } from "vitest";
import { wait } from "./harness";
import { suite } from "./suite";

const s = suite();

/** Sentences of the page, three Latin words in a row, that are not what somebody wrote or a program is called. */
const english = (page: (typeof s)["seen"]["page"]): Promise<string[]> =>
  page.evaluate(() => {
    const written = "code, pre, .code, .cm-editor, .lines, textarea, input, [lang=en]";
    const sentence = /[A-Za-z][A-Za-z'’]*(?: [A-Za-z][A-Za-z'’]*){2,}/;
    const own = /Orders of the last five minutes|the source is being repaired/;
    const found = new Set<string>();
    const look = (text: string | null) => {
      const bare = (text ?? "").replace(own, "").replace(/"[^"]*"|“[^”]*”/g, "");
      const m = sentence.exec(bare);
      if (m) found.add(m[0]);
    };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) if (!n.parentElement?.closest(written)) look(n.textContent);
    for (const e of document.querySelectorAll("[aria-label], [title], [placeholder]"))
      for (const a of ["aria-label", "title", "placeholder"]) if (!e.closest(written)) look(e.getAttribute(a));
    return [...found];
  });

test("Chinese is chosen, asked for, and kept", async () => {
  const page = await s.go("#/jobs/needs-a-gpu");
  await page.getByText(/it wants an offer/).waitFor();
  const asked: string[] = [];
  page.on("request", (r) => r.url().includes("/api/jobs/") && asked.push(r.headers()["accept-language"]));
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("中文").check();
  await page
    .getByText(/等待资源邀约：/)
    .first()
    .waitFor();
  await page.getByText("每天 01:00").first().waitFor();
  expect(await page.getByText(/it wants an offer/).count()).toBe(0);
  expect(asked).toContain("zh");
  expect(await page.getByLabel("中文").isVisible(), "the menu stays open").toBe(true);
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
  await page.reload();
  await page
    .getByText(/等待资源邀约：/)
    .first()
    .waitFor();
});

test("what is being edited survives another language", async () => {
  const page = await s.go("#/jobs/nightly-report/definition");
  const box = page.getByLabel(/^Description/);
  await box.fill("half written");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("中文").check();
  await page.getByLabel(/^说明/).waitFor();
  expect(await page.getByLabel(/^说明/).inputValue()).toBe("half written");
});

test("no page has an English sentence in Chinese", { timeout: 3 * wait }, async () => {
  await fetch(`${s.hora.base}/api/jobs/export-warehouse/pause`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ reason: "the source is being repaired" }),
  });
  await fetch(`${s.hora.base}/api/jobs/nightly-report/backfill`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ from: new Date(Date.now() - 3 * 86400e3).toISOString(), parallelism: 1 }),
  });
  await fetch(`${s.hora.base}/api/jobs/heartbeat/run`, { method: "POST" });
  const failed = await s.runID("job=flaky-import&outcome=failed");
  const waiting = await s.runID("job=needs-a-gpu");
  const page = await s.go("#/jobs", { locale: "zh-CN" });
  await page.getByText("12 个作业").waitFor();
  const places: [string, RegExp][] = [
    ["#/jobs", /12 个作业/],
    ["#/now", /等待资源邀约|足够的 GPU/],
    ["#/cluster", /足够的 GPU/],
    ["#/graph", /最长链路/],
    ["#/activity", /个计划时刻，并行数 1/],
    ["#/jobs/needs-a-gpu", /缺少足够的 GPU（需要 8，最多空闲 0）/],
    ["#/jobs/publish-dashboard", /等待父作业/],
    ["#/jobs/export-warehouse", /作业已暂停/],
    ["#/jobs/clean-scratch", /每天，从/],
    ["#/jobs/flaky-import/runs", /失败/],
    ["#/jobs/heartbeat/runs", /另一次运行未结束，重叠策略为跳过/],
    ["#/jobs/nightly-report/revisions", /版本/],
    ["#/jobs/nightly-report/graph", /层数/],
    ["#/jobs/nightly-report/activity", /补跑/],
    [`#/runs/${failed}`, /命令的退出码为 3/],
    [`#/runs/${waiting}`, /足够的 GPU/],
    ["#/new", /命令、用户与重试/],
  ];
  for (const [place, shows] of places) {
    await page.goto(`${s.hora.base}/${place}`);
    await page.getByText(shows).filter({ visible: true }).first().waitFor();
    // For a frame the graph has the labels of its library.
    await expect.poll(() => english(page), { message: place, timeout: 30_000 }).toEqual([]);
  }
});

test("mistakes, effects and refusals are told in Chinese", async () => {
  const page = await s.go("#/jobs/extract-orders/definition", { locale: "zh-CN" });
  await page.getByLabel(/^计划/).fill("61 * * * *");
  await page
    .getByText(/分钟 61 大于上限 59/)
    .first()
    .waitFor();
  expect(await english(page)).toEqual([]);
  await page.getByLabel(/^计划/).fill("*/7 * * * *");
  await page.getByText("计划从现在起计算").waitFor();
  expect(await english(page)).toEqual([]);
});

test("dialogues and menus are in Chinese", async () => {
  const page = await s.go("#/jobs/nightly-report", { locale: "zh-CN" });
  for (const name of ["立即运行", "暂停"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("dialog").waitFor();
    expect(await english(page), name).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "更多" }).click();
  expect(await english(page)).toEqual([]);
  await page.goto(`${s.hora.base}/#/jobs`);
  await page.getByText("12 个作业").waitFor();
  for (const name of [/^批量操作/, /^列/, /^视图/]) {
    await page.getByRole("button", { name }).click();
    expect(await english(page), String(name)).toEqual([]);
    await page.keyboard.press("Escape");
  }
});

test("the dialogue of a deletion is in Chinese", async () => {
  const page = await s.go("#/jobs/load-orders", { locale: "zh-CN" });
  await page.getByRole("button", { name: "更多" }).click();
  await page
    .getByRole("menuitem", { name: "删除" })
    .or(page.getByRole("button", { name: "删除" }))
    .first()
    .click();
  await page.getByText("check-orders 将改为依赖 extract-orders、extract-customers").waitFor();
  expect(await english(page)).toEqual([]);
});

test("a filter that is wrong is told of in Chinese", async () => {
  const page = await s.go("#/jobs", { locale: "zh-CN" });
  s.seen.expected.push(/400/);
  await page.getByText("12 个作业").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("colour:red");
  await page.getByText(/没有字段 "colour"/).waitFor();
  expect(await english(page)).toEqual([]);
});
