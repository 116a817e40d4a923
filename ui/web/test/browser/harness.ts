// A real `hora dev` on a free port, and a browser that looks at it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const require = createRequire(import.meta.url);
export const repository = resolve(import.meta.dirname, "../../../..");
export const wait = 60_000; // the machine may be busy

export interface Hora {
  base: string;
  port: number;
  stop: () => Promise<void>;
  dir: string;
}

/** The program to test: HORA_BIN, or what is built of this repository. */
export function program(dir: string): string {
  if (process.env.HORA_BIN) return process.env.HORA_BIN;
  const out = join(dir, "hora");
  execFileSync("go", ["build", "-o", out, "./cmd/hora"], { cwd: repository, stdio: "inherit" });
  return out;
}

export async function startHora(files: string[] = [], port = 0, dir = mkdtempSync(join(tmpdir(), "hora-ui-"))): Promise<Hora> {
  const bin = program(dir);
  const args = ["dev", "--quiet", "--http_port", String(port), "--data_dir", join(dir, "data"), "--agents", "3", ...files];
  const child: ChildProcess = spawn(bin, args, { stdio: ["ignore", "pipe", "inherit"] });
  const base = await new Promise<string>((found, failed) => {
    let text = "";
    child.stdout!.on("data", (d: Buffer) => {
      text += d.toString();
      const m = /(http:\/\/[\d.]+:\d+) /.exec(text);
      if (m) found(m[1]);
    });
    child.on("exit", (code) => failed(new Error(`hora ended with ${code}: ${text}`)));
  });
  const ended = new Promise<void>((done) => child.on("exit", () => done()));
  return {
    base,
    dir,
    port: Number(new URL(base).port),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

export function cleanUp(dir: string) {
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

/** Hands requests below a prefix on, as a reverse proxy does. */
export async function startProxy(target: number, prefix: string): Promise<{ base: string; server: Server }> {
  const server = createServer((req, res) => {
    if (!req.url?.startsWith(`${prefix}/`)) {
      res.writeHead(404).end("not below the prefix");
      return;
    }
    const out = request(
      { host: "127.0.0.1", port: target, path: req.url.slice(prefix.length), method: req.method, headers: req.headers },
      (r) => {
        res.writeHead(r.statusCode ?? 502, r.headers);
        r.pipe(res);
      },
    );
    out.on("error", () => res.destroy());
    res.on("close", () => out.destroy());
    req.pipe(out);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const at = server.address();
  return { base: `http://127.0.0.1:${typeof at === "object" && at ? at.port : 0}${prefix}/`, server };
}

export async function startBrowser(): Promise<Browser> {
  const path = process.env.HORA_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(path)) throw new Error(`there is no ${path}: install Debian's chromium, or set HORA_CHROMIUM`);
  return chromium.launch({
    executablePath: path,
    timeout: wait,
    args: "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(
      " ",
    ),
  });
}

/** A page, and what it did that it should not. */
export interface Seen {
  page: Page;
  context: BrowserContext;
  faults: string[];
  /** Console errors that a test provokes: they are no faults. */
  expected: RegExp[];
}

export async function open(
  browser: Browser,
  base: string,
  hash = "",
  o: BrowserContextOptions & { dark?: boolean; init?: () => void } = {},
): Promise<Seen> {
  const { dark, init, ...rest } = o;
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    ...rest,
  });
  context.setDefaultTimeout(wait);
  if (init) await context.addInitScript(init);
  const page = await context.newPage();
  const seen: Seen = { page, context, faults: [], expected: [] };
  const fault = (text: string) => {
    if (!seen.expected.some((x) => x.test(text))) seen.faults.push(text);
  };
  const origin = new URL(base).origin;
  page.on("console", (m) => m.type() === "error" && fault(`console: ${m.text()} ${m.location().url}`));
  page.on("pageerror", (e) => fault(`error: ${e.message}`));
  page.on(
    "request",
    (r) =>
      !r.url().startsWith(origin) &&
      !r.url().startsWith("data:") &&
      !r.url().startsWith("blob:") &&
      fault(`request to elsewhere: ${r.url()}`),
  );
  await page.goto(`${base.replace(/\/$/, "")}/${hash}`, { timeout: wait });
  return seen;
}

const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds against WCAG 2.1 AA. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface Found {
      violations: { id: string; help: string; nodes: { html: string; any: { message: string }[] }[] }[];
    }
    const { axe } = window as unknown as { axe: { run(root: Document, o: unknown): Promise<Found> } }; // it has come as text
    const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
    const told = (n: Found["violations"][0]["nodes"][0]) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? ""}`;
    return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map(told).slice(0, 3).join(" | ")}`);
  });
}

/** Makes or replaces a job, past the page. */
export async function put(base: string, job: { name: string; [field: string]: unknown }) {
  const resp = await fetch(`${base}/api/jobs/${encodeURIComponent(job.name)}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(job),
  });
  if (!resp.ok) throw new Error(`${job.name}: ${await resp.text()}`);
}

export async function definition(base: string, name: string): Promise<Record<string, unknown>> {
  const resp = await fetch(`${base}/api/jobs/${encodeURIComponent(name)}`);
  if (!resp.ok) throw new Error(`${name}: ${resp.status}`);
  return ((await resp.json()) as { definition: Record<string, unknown> }).definition;
}

/** Asks again until the answer is true. */
export async function until(what: string, ask: () => Promise<boolean>) {
  const end = Date.now() + wait;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > end) throw new Error(`it never came about: ${what}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}

const base = { mem: 32, cpus: 0.1 };
export const me = process.env.USER ?? execFileSync("id", ["-un"]).toString().trim();

/** Jobs of every kind and state. */
export async function populate(url: string) {
  const all: { name: string; [field: string]: unknown }[] = [
    {
      name: "extract-orders",
      schedule: "*/5 * * * *",
      scheduleTimeZone: "Europe/Berlin",
      command: "echo extracted; sleep 1",
      owner: "etl@example.com",
      description: "Orders of the last five minutes.",
    },
    {
      name: "extract-customers",
      schedule: "7 * * * *",
      scheduleTimeZone: "Europe/Berlin",
      command: "echo extracted",
      owner: "etl@example.com",
      runAsUser: me,
    },
    {
      name: "nightly-report",
      schedule: "30 2 * * *",
      scheduleTimeZone: "America/New_York",
      command: "echo report",
      owner: "bi@example.com",
      retries: 3,
      retryInterval: "PT5M",
      timeout: "PT2H",
    },
    { name: "export-warehouse", schedule: "0 4 1 * *", command: "echo export", owner: "bi@example.com", highPriority: true },
    { name: "clean-scratch", schedule: "R/2026-01-01T03:00:00Z/P1D", command: "echo clean", disabled: true, owner: "ops@example.com" },
    {
      name: "flaky-import",
      schedule: "15 * * * *",
      command: "echo trying; echo 'cannot reach the host' >&2; exit 3",
      retries: 1,
      retryInterval: "PT1S",
      owner: "etl@example.com",
    },
    {
      name: "heartbeat",
      schedule: "0 12 * * *",
      command: 'for i in $(seq 1 600); do echo "beat $i"; sleep 1; done',
      owner: "ops@example.com",
      overlap: "skip",
    },
    { name: "needs-a-gpu", schedule: "0 1 * * *", command: "echo train", gpus: 8, owner: "ml@example.com" },
    { name: "load-orders", parents: ["extract-orders", "extract-customers"], command: "echo loaded", owner: "etl@example.com" },
    { name: "check-orders", parents: ["load-orders"], command: "echo checked", owner: "etl@example.com" },
    { name: "alert-on-failure", trigger: "failed(flaky-import) || failed(load-orders)", command: "echo alert", owner: "ops@example.com" },
    { name: "publish-dashboard", parents: ["check-orders", "nightly-report"], command: "echo published", owner: "bi@example.com" },
  ];
  await put(url, { ...base, name: "nightly-report", schedule: "0 3 * * *", command: "echo report", owner: "bi@example.com", retries: 1 });
  for (const j of all) await put(url, { ...base, ...j });
  for (const name of ["extract-orders", "extract-customers", "flaky-import", "heartbeat", "needs-a-gpu"])
    await fetch(`${url}/api/jobs/${name}/run`, { method: "POST" });
  for (let i = 0; i < 6; i++) {
    await until("the run ends", async () => {
      const r = (await (await fetch(`${url}/api/runs?job=extract-orders&state=ended`)).json()) as { runs: unknown[] };
      return r.runs.length > i;
    });
    await fetch(`${url}/api/jobs/extract-orders/run`, { method: "POST" });
    if (i % 2) await fetch(`${url}/api/jobs/flaky-import/run`, { method: "POST" });
  }
}
