// Servers that die while the page is open: it says so, and goes on by itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import { put } from "./harness";
import { Cluster, leads, type Node, noZooKeeper } from "./serving";
import { visits } from "./suite";

const there = test.skipIf(noZooKeeper);
const v = visits();

let cluster: Cluster;

beforeAll(async () => {
  if (noZooKeeper) return;
  cluster = await Cluster.start();
});

afterAll(async () => {
  await cluster?.stop();
});

const job = (name: string) => ({ name, schedule: "0 0 1 1 *", command: "true" });
const said = /No process leads|cannot be reached/;

/** Opens the page, marks it, and waits until it is live. */
async function watch(node: Node, hash = "#/jobs") {
  await v.at(node.base, hash);
  v.seen.expected.push(/ERR_|Failed to load resource/);
  await v.seen.page.getByText("Live", { exact: true }).waitFor();
  await v.seen.page.evaluate(() => {
    (window as unknown as { marked: boolean }).marked = true;
  });
  return v.seen.page;
}

const marked = () => v.seen.page.evaluate(() => (window as unknown as { marked?: boolean }).marked === true);

there("the leader is killed: a page on the follower says so, keeps what was typed, and shows what the next leader does", async () => {
  const first = await cluster.serve();
  await leads(first.base);
  const second = await cluster.serve();
  await leads(second.base);
  await put(first.base, job("before"));
  const page = await watch(second);
  await page.getByRole("link", { name: "before", exact: true }).click();
  await page.getByRole("link", { name: "Edit" }).first().click();
  await page.getByText("The definition is valid.").waitFor();
  await page.getByLabel(/^Command/).fill("echo typed");
  await cluster.still(async () => {
    await first.end("SIGKILL");
    await page.locator(".banner").filter({ hasText: said }).waitFor();
    await page.getByRole("heading", { name: "before" }).waitFor(); // what was known stays
  });
  await page.locator(".banner").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  expect(await page.getByLabel(/^Command/).inputValue()).toBe("echo typed");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("before is saved.").waitFor();
  await page.getByRole("link", { name: "Jobs" }).first().click();
  await put(second.base, job("after-the-failover"));
  await page.getByRole("link", { name: "after-the-failover" }).waitFor(); // by an event of the new leader
  expect(await marked()).toBe(true);
  await second.end("SIGTERM");
});

there("the leader is killed: a page on it says so, and goes on when the process is back, as a follower", async () => {
  const first = await cluster.serve();
  await leads(first.base);
  const second = await cluster.serve();
  const page = await watch(first);
  await first.end("SIGKILL");
  await page.getByText(/The server cannot be reached/).waitFor();
  await leads(second.base);
  await put(second.base, job("while-it-was-away"));
  const again = await cluster.serve([], first.port);
  await page.locator(".banner").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "while-it-was-away" }).waitFor();
  await put(second.base, job("when-it-was-back"));
  await page.getByRole("link", { name: "when-it-was-back" }).waitFor();
  expect(await marked()).toBe(true);
  await again.end("SIGTERM");
  await second.end("SIGTERM");
});

there("the only process is killed and started anew", async () => {
  const only = await cluster.serve();
  await leads(only.base);
  await put(only.base, job("known"));
  const page = await watch(only);
  await page.getByRole("link", { name: "known" }).waitFor();
  await only.end("SIGKILL");
  await page.getByText(/The server cannot be reached/).waitFor();
  await page.getByRole("link", { name: "known" }).waitFor();
  const again = await cluster.serve([], only.port);
  await page.locator(".banner").waitFor({ state: "detached" });
  await page.getByText("Live", { exact: true }).waitFor();
  await put(again.base, job("after-the-restart"));
  await page.getByRole("link", { name: "after-the-restart" }).waitFor();
  expect(await marked()).toBe(true);
  await again.end("SIGTERM");
});
