// The graph: the whole of it, around a job, and as a table.
import { expect, test } from "vitest";
import { axe, put } from "./harness";
import { suite } from "./suite";

const s = suite(async (base) => {
  const made: [string, string[]][] = [
    ["extract-a", []],
    ["extract-b", []],
    ["load", ["extract-a", "extract-b"]],
    ["check", ["load"]],
    ["report", ["check"]],
    ["mail", ["report", "extract-b"]],
  ];
  for (const [name, parents] of made)
    await put(base, { name, command: "true", ...(parents.length ? { parents } : { schedule: "0 0 1 1 *" }) });
  await put(base, { name: "alarm", command: "true", trigger: "failed(load)" });
});

test("a job is folded and unfolded on itself; the address knows", async () => {
  const page = await s.go("#/graph");
  const box = (name: string) => page.locator(".box").filter({ hasText: name });
  await box("report").waitFor();
  expect(await axe(page)).toEqual([]);
  const fold = page.getByRole("button", { name: "Fold load: hides the 3 jobs that are behind it alone" });
  await fold.click();
  await box("check").waitFor({ state: "detached" });
  await box("mail").waitFor(); // it has another parent
  await page.getByRole("button", { name: "Unfold load: 3 jobs are hidden behind it" }).waitFor();
  expect(await page.locator(".fold[aria-expanded=false]").textContent()).toBe("+3");
  expect(page.url()).toContain("fold=load");
  await page.reload();
  await page.locator(".fold[aria-expanded=false]").waitFor();
  expect(await box("check").count()).toBe(0);
  await page.getByLabel("Fold behind…").or(page.getByLabel("1 folded")).first().selectOption("load");
  await box("check").waitFor();
  expect(page.url()).not.toContain("fold=");

  await page.locator('[data-id="load"]').focus();
  await page.keyboard.press("Space");
  await box("check").waitFor({ state: "detached" });
  await page.keyboard.press("Space");
  await box("check").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => ["check", "alarm"].includes((document.activeElement as HTMLElement).dataset.id ?? ""));
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset.id === "load");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "load" }).waitFor();
});

test("search goes to the job, out of what is folded, and on to the next one", async () => {
  const page = await s.go("#/graph?fold=load");
  await page.locator(".box").first().waitFor();
  const search = page.getByLabel("Search the graph");
  await search.fill("check");
  await page.locator(".box.focus").filter({ hasText: "check" }).waitFor();
  expect(page.url()).toContain("job=check");
  await search.fill("extract");
  await search.press("Enter");
  await page.locator(".box.focus").filter({ hasText: "extract-a" }).waitFor();
  await search.press("Enter");
  await page.locator(".box.focus").filter({ hasText: "extract-b" }).waitFor();
  await page.getByText("2 of 2").waitFor();
});

test("the map is there when the graph is larger than the view", async () => {
  const page = await s.go("#/graph");
  await page.locator(".box").first().waitFor();
  expect(await page.locator(".graphmap").count()).toBe(0);
  for (let i = 0; i < 3; i++) await page.getByRole("button", { name: "Nearer" }).click();
  await page.locator(".graphmap").waitFor();
  expect(await axe(page)).toEqual([]);
  const before = await page.locator(".graphmap .seen").boundingBox();
  await page.locator(".graphmap").click({ position: { x: 2, y: 2 } });
  await page.waitForFunction((x) => document.querySelector(".graphmap .seen")!.getBoundingClientRect().x < x, before!.x);
  await page.getByRole("button", { name: "Show all of it" }).click();
  await page.locator(".graphmap").waitFor({ state: "detached" });
});

test("the longest chain: how long it takes, what it is made of", async () => {
  for (const name of ["extract-a", "extract-b"]) await fetch(`${s.hora.base}/api/jobs/${name}/run`, { method: "POST" });
  const page = await s.go("#/graph?chain=1");
  const chain = page.getByRole("list", { name: "Longest chain" });
  await chain.getByRole("button", { name: "load" }).waitFor();
  await page.getByText(/longest chain: .*, \d jobs/).waitFor();
  await page.locator(".box.critical").nth(1).waitFor();
  expect(await axe(page)).toEqual([]);
  await chain.getByRole("button", { name: "load" }).click();
  await page.locator(".box.focus").filter({ hasText: "load" }).waitFor();
});

test("the table has everything, and the keyboard gets there", async () => {
  const page = await s.go("#/graph");
  const button = page.getByRole("button", { name: "As a table" });
  await button.focus();
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "mail" }) });
  await row.waitFor();
  const cells = await row.getByRole("cell").allTextContents();
  expect(cells[1]).toBe("report, extract-b");
  expect(cells[3]).toBe("4");
  expect(cells[2]).toBe("–");
  expect(await page.getByRole("row").count()).toBe(8);
  expect(await axe(page)).toEqual([]);
  await page.reload();
  await row.waitFor();
});

test("around a job, so many steps", async () => {
  const page = await s.go("#/jobs/load/graph");
  const box = (name: string) => page.locator(".box").filter({ hasText: name });
  await box("report").waitFor();
  await page.getByLabel("Steps").selectOption("1");
  await box("report").waitFor({ state: "detached" });
  expect(page.url()).toContain("depth=1");
  await page.locator(".box.focus").filter({ hasText: "load" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await box("check").click();
  await page.getByRole("heading", { name: "check" }).waitFor();
});

test("states change while one looks", async () => {
  const page = await s.go("#/graph");
  await put(s.hora.base, { name: "extract-b", command: "sleep 20", schedule: "0 0 1 1 *" });
  await page.locator('[data-id="extract-b"]').waitFor();
  await fetch(`${s.hora.base}/api/jobs/extract-b/run`, { method: "POST" });
  await page.locator('[data-id="extract-b"] .badge').filter({ hasText: "running" }).waitFor();
  await fetch(`${s.hora.base}/api/jobs/extract-b/kill`, { method: "POST" });
  await page.locator('[data-id="extract-b"] .badge').filter({ hasText: "running" }).waitFor({ state: "detached" });
});

test("many jobs from afar are one picture; nearer they are jobs", async () => {
  for (let i = 0; i < 90; i++)
    await put(s.hora.base, { name: `many-${i}`, command: "true", ...(i < 9 ? { schedule: "0 0 1 1 *" } : { parents: [`many-${i - 9}`] }) });
  const page = await s.go("#/graph?q=name%3Amany-*", { dark: true });
  await page.locator(".picture[data-drawn]").waitFor();
  expect(await page.locator(".box").count()).toBe(0);
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("Search the graph").fill("many-44");
  await page.locator(".box.focus").filter({ hasText: "many-44" }).waitFor();
  await page.locator(".graphmap").waitFor();
  expect(await page.locator(".box").count()).toBeLessThan(90);
  await page.getByRole("button", { name: "Show all of it" }).click();
  await page.locator(".picture[data-drawn]").waitFor();
});
