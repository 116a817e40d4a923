// Who may see and do what, in the page: against a real hora serve with an access file.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axe, me, type open, startProxy, until } from "./harness";
import { Cluster, leads, type Node, noZooKeeper } from "./serving";
import { visits } from "./suite";

const there = test.skipIf(noZooKeeper);
const v = visits();

let cluster: Cluster;
let node: Node;
let file: string;
let token: { secret: string; line: string };
let hashes: Record<string, string>;

/** Has hora read an access file in which otto's password is this one. */
function write(otto: string) {
  writeFileSync(
    file,
    `users:
  - {name: anna, role: admin, password: "${hashes["anna secret"]}"}
  - {name: otto, role: operator, password: "${hashes[otto]}"}
  - {name: vera, role: viewer, password: "${hashes["vera secret"]}"}
tokens:
${token.line}
rules:
  - {users: [otto], names: ["etl-*"], runAsUser: [nobody]}
  - {role: admin, runAsUser: [root, "*"]}
`,
  );
  chmodSync(file, 0o600);
}

const anna = { Authorization: `Basic ${btoa("anna:anna secret")}`, "Content-Type": "application/json" };

async function put(name: string, definition: Record<string, unknown>) {
  const resp = await fetch(`${node.base}/api/jobs/${name}`, {
    method: "PUT",
    headers: anna,
    body: JSON.stringify({ schedule: "0 0 1 1 *", ...definition }),
  });
  expect(resp.status, await resp.text()).toBeLessThan(300);
}

beforeAll(async () => {
  if (noZooKeeper) return;
  cluster = await Cluster.start();
  hashes = Object.fromEntries(
    ["anna secret", "otto secret", "otto another", "vera secret"].map((p) => [p, cluster.hora(["password"], `${p}\n`)]),
  );
  file = join(cluster.dir, "access.yaml");
  const secret = cluster.hora(["token", "create", "ci", "--role", "viewer"]);
  token = { secret, line: `  - {name: ci, role: viewer, hash: "sha256:${await sha256(secret)}"}` };
  write("otto secret");
  node = await cluster.serve(["--access", file]);
  await leads(node.base);
  const environmentVariables = [{ name: "DB_PASSWORD", value: "hunter2" }];
  await put("etl-load", { command: "echo load", runAsUser: "nobody", environmentVariables });
  await put("etl-root", { command: "echo root", runAsUser: "root", environmentVariables });
  await put("other", { command: "echo other; exit 1", runAsUser: me, retries: 0, environmentVariables });
  await fetch(`${node.base}/api/jobs/other/run`, { method: "POST", headers: anna });
});

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toString("hex");
}

afterAll(async () => {
  await cluster?.stop();
});

async function visit(hash = "", o?: Parameters<typeof open>[3]) {
  const page = await v.at(node.base, hash, o);
  v.seen.expected.push(/401/); // nobody is logged in yet
  return page;
}

async function login(page: Page, name: string, password = `${name} secret`) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

there("login: what is wrong is said, a password manager finds its fields, and one can log out", async () => {
  const page = await visit("#/jobs/etl-load");
  const asked: string[] = [];
  page.on("response", async (r) => {
    const challenge = await r.headerValue("WWW-Authenticate");
    if (challenge) asked.push(r.url()); // then the browser would ask, too
  });
  await page.getByRole("heading", { name: "Log in to hora" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("autocomplete"))).toBe("username");
  expect(await page.getByLabel("Password", { exact: true }).getAttribute("autocomplete")).toBe("current-password");
  expect(await axe(page)).toEqual([]);
  await login(page, "anna", "wrong");
  await page.getByRole("alert").filter({ hasText: "The name or the password is wrong." }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("password");
  expect(await axe(page)).toEqual([]);
  await page.keyboard.type("anna secret");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "etl-load" }).waitFor(); // where one wanted to go
  await page.getByText("Live", { exact: true }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Logged in as anna" }).click();
  await page.getByText("changes every job").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in to hora" }).waitFor();
  expect((await page.context().cookies()).filter((c) => c.value !== "")).toEqual([]);
  expect(asked).toEqual([]);
});

there("login: by a token; in Chinese, dark and on a phone; below a path prefix", async () => {
  const page = await visit("", { dark: true, locale: "zh-CN", viewport: { width: 390, height: 844 } });
  await page.getByRole("heading", { name: "登录 hora" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "使用令牌" }).click();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel("令牌").fill(token.secret);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("link", { name: "etl-load" }).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  await page.getByRole("button", { name: "已登录：ci" }).click();
  await page.getByText("不能更改").waitFor();
  await v.seen.context.close();
  const proxy = await startProxy(node.port, "/tools/hora");
  try {
    await v.at(proxy.base, "#/jobs/etl-load");
    v.seen.expected.push(/401/);
    await login(v.seen.page, "otto");
    await v.seen.page.getByText("Live", { exact: true }).waitFor();
    await v.seen.page.getByRole("button", { name: "Pause", exact: true }).click();
    await v.seen.page.getByLabel("Reason").fill("by proxy");
    await v.seen.page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
    await v.seen.page.getByText("The job is paused: by proxy").waitFor();
    await v.seen.page.getByRole("button", { name: "Resume" }).click();
    await v.seen.page.getByText("The job is paused: by proxy").waitFor({ state: "detached" });
    const cookies = await v.seen.context.cookies(`${proxy.base}api/me`);
    expect(cookies).toMatchObject([{ name: "hora_session", path: "/tools/hora/api", httpOnly: true, sameSite: "Strict" }]);
    await v.seen.page.close();
  } finally {
    proxy.server.closeAllConnections();
    proxy.server.close();
  }
});

there("a session ends while somebody types: they log in again, and what they typed is there and can be saved", async () => {
  const page = await visit("#/jobs/etl-load/definition");
  await login(page, "otto");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByLabel(/^Command/).fill("echo typed before the session ended");
  await page.getByRole("button", { name: "Save" }).and(page.locator(":enabled")).waitFor();
  write("otto another"); // a session ends with the password that it was made by
  node.signal("SIGHUP");
  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
  expect(await axe(page)).toEqual([]);
  expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("otto");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("password");
  await page.keyboard.press("Escape"); // it is no dialog that one can pass by
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
  await login(page, "otto", "otto another");
  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor({ state: "detached" });
  expect(await page.getByLabel(/^Command/).inputValue()).toBe("echo typed before the session ended");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("etl-load is saved.").waitFor();
  const doc = await (await fetch(`${node.base}/api/jobs/etl-load`, { headers: anna })).json();
  expect(doc).toMatchObject({
    updatedBy: "otto",
    definition: { command: "echo typed before the session ended", environmentVariables: [{ value: "hunter2" }] },
  });
});

there("another tab logs in anew: this one goes on; a change without the token is refused", async () => {
  const page = await visit("#/jobs/etl-load");
  await login(page, "otto", "otto another");
  await page.getByRole("button", { name: "Run now" }).waitFor();
  const put = (csrf: string) =>
    page.evaluate(async (csrf) => {
      const resp = await fetch("api/jobs/etl-load/pause", { method: "POST", headers: csrf ? { "Hora-CSRF": csrf } : {} });
      return `${resp.status} ${await resp.text()}`;
    }, csrf);
  v.seen.expected.push(/403/);
  expect(await put("")).toMatch(/^403 .*Hora-CSRF/);
  expect(await put("guessed")).toMatch(/^403 .*Hora-CSRF/);
  // The cookie of this browser becomes another session's.
  const state = await page.evaluate(async () => {
    const body = JSON.stringify({ user: "otto", password: "otto another" });
    await new Promise((r) => setTimeout(r, 1100)); // sessions are told apart by the second in which they end
    return (await fetch("api/login", { method: "POST", headers: { "Content-Type": "application/json" }, body })).status;
  });
  expect(state).toBe(200);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("The job is paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("The job is paused").waitFor({ state: "detached" });
});

there("a viewer is offered nothing that fails, and sees no secret", async () => {
  const page = await visit("#/jobs");
  await login(page, "vera");
  await page.getByRole("link", { name: "other" }).waitFor();
  const refused: string[] = [];
  page.on("response", (r) => r.status() === 403 && refused.push(r.url()));
  const orders = /^(Run now|Pause|Resume|Edit|More|Run again|Kill|Mark as success|Put into force again|All of these|New job|Save)$/;
  const run = ((await (await fetch(`${node.base}/api/runs?job=other`, { headers: anna })).json()) as { runs: { id: string }[] }).runs[0].id;
  for (const [hash, text] of [
    ["#/jobs", "other"],
    ["#/jobs/other", "Only to look at: vera has the role viewer"],
    ["#/jobs/other/runs", "Only to look at"],
    ["#/jobs/other/definition", "DB_PASSWORD"],
    ["#/jobs/other/revisions", "Revision 1"],
    [`#/runs/${run}`, "Time line"],
    ["#/now", "Running"],
    ["#/graph", "Graph"],
    ["#/cluster", "agent1"],
    ["#/activity", "anna"],
  ]) {
    await page.goto(`${node.base}/${hash}`);
    if (text === "DB_PASSWORD") await page.locator(`input[value="${text}"]`).waitFor();
    else await page.locator("main").getByText(text).first().waitFor();
    for (const role of ["button", "link"] as const) {
      expect(await page.getByRole(role, { name: orders, disabled: false }).allTextContents(), hash).toEqual([]);
    }
    expect(await page.content(), hash).not.toContain("hunter2");
    expect(await axe(page), hash).toEqual([]);
  }
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("New");
  await page.locator(".palette-list [role=option]").first().waitFor({ state: "detached" });
  expect(refused).toEqual([]);
});

there("an operator may make what a rule allows, and not what runs as root", async () => {
  const page = await visit("#/new");
  await login(page, "otto", "otto another");
  await page.getByLabel(/^Name/).first().fill("etl-made");
  await page.getByLabel(/^Command/).fill("echo made");
  await page.getByLabel(/^Run as user/).fill("root");
  await page.locator("[data-field=runAsUser].invalid").waitFor();
  await page
    .getByText(/no rule lets otto use "root"/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Make the job" }).click(); // it leads to the mistake
  await page.waitForFunction(() => document.activeElement?.closest("[data-field=runAsUser]"));
  expect((await fetch(`${node.base}/api/jobs/etl-made`, { headers: anna })).status).toBe(404);
  await page.getByLabel(/^Run as user/).fill("nobody");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByLabel(/^Name/).first().fill("not-etl");
  await page.locator("[data-field=name].invalid").waitFor();
  await page
    .getByText(/no rule lets otto change the job "not-etl"/)
    .first()
    .waitFor();
  await page.getByLabel(/^Name/).first().fill("etl-made");
  await page.getByText("The definition is valid.").waitFor();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: "etl-made" }).waitFor();

  // A job of theirs that runs as root they may run as it is, and not see its secrets.
  await page.goto(`${node.base}/#/jobs/etl-root/definition`);
  await page.getByText(/its secrets are hidden: runAsUser: no rule lets otto use "root"/).waitFor();
  await page.locator('input[value="(hidden-by-hora)"]').waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByText(/are not yours to change/).waitFor();
  expect(await page.getByLabel("Arguments, one a line").isEditable()).toBe(false);
  await page.getByRole("dialog").getByRole("button", { name: "Run now" }).click();
  await until("it runs", async () => {
    const resp = await fetch(`${node.base}/api/runs?job=etl-root`, { headers: anna });
    return ((await resp.json()) as { runs: { by: string }[] }).runs[0]?.by === "otto";
  });
});

there("with --http_credentials alone the browser says who it is, and there is nothing to log out of", async () => {
  await node.end("SIGTERM");
  const other = await cluster.serve(["--http_credentials", "chief:a secret"]);
  await leads(other.base);
  await v.at(other.base, "#/jobs", { httpCredentials: { username: "chief", password: "a secret" } });
  v.seen.expected.push(/401/); // what the browser asks first
  const page = v.seen.page;
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("link", { name: "etl-load" }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByText("The job is paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("The job is paused").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Logged in as chief" }).click();
  await page.getByText("log out there").waitFor();
  expect(await page.getByRole("button", { name: "Log out" }).count()).toBe(0);
  await page.close();
  await other.end("SIGTERM");
  node = await cluster.serve(["--access", file]);
  await leads(node.base);
});

there("login: who has guessed too often is told how long to wait", async () => {
  const page = await visit();
  v.seen.expected.push(/429/);
  await page.getByRole("heading", { name: "Log in to hora" }).waitFor();
  const body = JSON.stringify({ user: "vera", password: "a guess" });
  await until("it is too much", async () => {
    const resp = await fetch(`${node.base}/api/login`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return resp.status === 429;
  });
  let waits = false;
  await until("the form says so", async () => {
    await login(page, "vera", `guess ${Math.random()}`); // one more is free every three seconds
    await page.getByRole("alert").waitFor();
    waits = /Try again in \d+ s|You can try again now/.test((await page.getByRole("alert").textContent()) ?? "");
    return waits;
  });
  expect(await axe(page)).toEqual([]);
  await page.getByText("You can try again now").waitFor();
});
