// What the server says and takes: the shapes of hora's own API.
import { locale, t } from "./i18n";

export interface Task {
  run: string;
  task: string;
  host: string;
  attempt: number;
  state: string;
  launched: string;
  running?: string;
}

export interface LastRun {
  outcome: string;
  slot: string;
  ended: string;
  durationMs?: number;
}

export interface JobRow {
  name: string;
  kind: string;
  schedule?: string;
  scheduleTimeZone?: string;
  parents?: string[];
  trigger?: string;
  description?: string;
  owner?: string;
  ownerName?: string;
  runAsUser?: string;
  command?: string;
  retries: number;
  state: string;
  failing: boolean;
  late: boolean;
  disabled: boolean;
  reason?: string;
  highPriority: boolean;
  next?: string;
  last?: LastRun;
  recent: string[];
  running?: Task[];
  successCount: number;
  errorCount: number;
  errorsSinceLastSuccess: number;
  revision: number;
  created: string;
  updated: string;
}

export interface JobPage {
  jobs: JobRow[];
  total: number;
  facets?: Record<string, Record<string, number>>;
  at: string;
}

export interface Attempt {
  number: number;
  task: string;
  agent?: string;
  host?: string;
  launched: string;
  running?: string;
  ended?: string;
  state: string;
  reason?: string;
  exitCode?: number;
  message?: string;
}

export interface Variable {
  name: string;
  value: string;
}

export interface Run {
  id?: string;
  job: string;
  kind: string;
  slot: string;
  count: number;
  created: string;
  state: string;
  outcome?: string;
  reason?: string;
  notBefore?: string;
  ended?: string;
  by?: string;
  arguments?: string[];
  environment?: Variable[];
  attempts: Attempt[];
  waiting?: Reason[];
  parents?: RunLink[]; // of a single run
  children?: RunLink[];
  may?: May; // of a single run
}

/** A run beside another one. */
export interface RunLink {
  run: string;
  job?: string; // missing: it was deleted
  state?: string; // missing: it is not kept
}

export interface Reason {
  code: string;
  text: string;
  at?: string;
  run?: string;
}

export interface RunPage {
  runs: Run[];
  next?: string;
}

export interface Parent {
  name: string;
  state: string;
  failing: boolean;
  succeeded: number;
  failed: number;
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Definition = { [name: string]: Json };

export interface JobDocument {
  name: string;
  definition: Definition;
  revision: number;
  updatedBy?: string;
  row: JobRow;
  next: string[];
  runs: Run[];
  parents: Parent[];
  children: string[];
  skipNext?: string;
  may: May;
  backfill?: { from: string; to: string; parallelism: number; slots: number; made: number; by?: string };
}

/** What runs and slots came to on one day of UTC. */
export interface CalendarDay {
  day: string;
  succeeded: number;
  failed: number;
  missed: number;
  other: number;
}

export interface CalendarPage {
  days: CalendarDay[];
}

export interface Mistake {
  field?: string;
  detail: string;
}

export interface Change {
  field: string;
  before?: string;
  after?: string;
}

export interface Trial {
  valid: boolean;
  errors?: Mistake[];
  warnings?: Mistake[];
  changes?: Change[];
  next?: string[];
  words?: string;
  effects?: string[];
}

export interface Preview {
  valid: boolean;
  error?: Mistake;
  kind?: string;
  words?: string;
  next: { at: string; local: string; dst?: string }[];
  iso?: string[];
  cron?: string[];
  begins?: string;
  whyNot?: string;
}

/** What the server takes for fields that a definition does not have. */
export interface Defaults {
  cpus: number;
  mem: number;
  disk: number;
  runAsUser: string;
  retries: number;
  retryIntervalMs: number;
  maxConcurrent: number;
}

export interface Revision {
  revision: number;
  at: string;
  by?: string;
  changes: Change[];
  definition?: Definition;
}

export interface AuditEntry {
  id: number;
  at: string;
  by?: string;
  from?: string;
  action: string;
  job?: string;
  run?: string;
  revision?: number;
  detail?: string;
  changes?: Change[];
}

export interface AuditPage {
  entries: AuditEntry[];
  next?: string;
}

export interface Network {
  nodes: GraphNode[];
  edges: GraphEdge[];
  truncated: boolean;
}

export interface GraphNode {
  name: string;
  kind: string;
  state: string;
  failing: boolean;
  late: boolean;
  disabled: boolean;
  durationMs?: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  condition: string;
  satisfied: boolean;
}

export interface Agent {
  id: string;
  hostname: string;
  active: boolean;
  version?: string;
  attributes: Record<string, string>;
  cpus: number;
  mem: number;
  disk: number;
  gpus?: number;
  usedCpus: number;
  usedMem: number;
}

export interface Cluster {
  leader: string;
  leading: boolean;
  term: number;
  at: string;
  stale: boolean;
  jobs: number;
  store?: string;
  mesos: { connected: boolean; since?: string; frameworkId?: string; suppressed: boolean };
  agents: Agent[];
  agentsError?: string;
  attributes: Record<string, string[]>;
  offers: { agent: string; hostname: string; cpus: number; mem: number; disk: number; since: string }[];
  queued: number;
  launched: number;
  queue?: { run: string; job: string; since: string; reason?: string }[];
}

export interface Bar {
  run?: string;
  from: string;
  to?: string;
  outcome: string;
}

export interface Now {
  at: string;
  running: Run[];
  waiting: Run[];
  late: JobRow[];
  failing: JobRow[];
  missed: { job: string; slot: string; count: number; outcome: string; reason: string; at: string }[];
  lanes: { job: string; runs: Bar[]; next: string[] }[];
  next: { job: string; at: string }[];
  load: number[];
  totals: { jobs: number; running: number; waiting: number; late: number; failing: number; disabled: number };
}

export interface Status {
  leading: boolean;
  leader: string;
  term: number;
  jobs: number;
  subscribed: boolean;
}

export interface SandboxFile {
  name: string;
  size: number;
  modified: string;
  folder?: boolean;
}

export interface BulkAnswer {
  matched: number;
  names: string[];
  missing?: string[];
  done: number;
  failed: { name: string; detail: string }[];
}

/** Who somebody is to the server. */
export interface Me {
  name: string;
  role: "viewer" | "operator" | "admin";
  by: "none" | "user" | "token" | "certificate";
  csrf?: string; // of a session; without it they are known by other means
}

/** What one may do to a job, and why not the rest. */
export interface May {
  act: boolean;
  define: boolean;
  reason?: string;
}

/** What the server refused, in its words (RFC 9457), or that it did not answer: status 0. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly field?: string,
    readonly after?: number, // seconds until it may be tried again
  ) {
    super(field ? `${field}: ${detail}` : detail);
  }
}

export const enc = encodeURIComponent;

interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** What the server answers is told as it is, also that it does not know who asks. */
  plain?: boolean;
}

/** What the session does for requests; it sets these. */
export const gate = {
  /** Goes with every change. */
  csrf: "",
  /** The server does not know who asks; resolves once it does. */
  unknown: async (_signal?: AbortSignal): Promise<void> => {},
  /** A change was refused; true: for its csrf alone, and it may be tried again. */
  refused: async (): Promise<boolean> => false,
};

const harmless = (method: string, path: string) =>
  method === "GET" || /[?&]dryRun=true\b/.test(path) || path.startsWith("schedule/preview");

/** The server's answer, whatever it holds; everything but 2xx throws a Problem. Who
 * is not logged in is asked to, and then what changes nothing is asked again. */
export async function call(path: string, o: Options = {}): Promise<Response> {
  const method = o.method ?? "GET";
  let resp = await ask(path, method, o);
  if (resp.status === 401 && !o.plain) {
    const known = gate.unknown(o.signal);
    if (!harmless(method, path)) throw new Problem(401, t("login.again"));
    await known;
    resp = await ask(path, method, o);
  }
  if (resp.status === 403 && method !== "GET" && !o.plain && (await gate.refused())) resp = await ask(path, method, o);
  if (resp.ok) return resp;
  throw await problem(resp);
}

async function ask(path: string, method: string, o: Options): Promise<Response> {
  const headers: Record<string, string> = { "X-Requested-With": "hora", "Accept-Language": locale(), ...o.headers };
  if (o.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && gate.csrf) headers["Hora-CSRF"] = gate.csrf;
  try {
    return await fetch(`api/${path}`, {
      method,
      headers,
      body: o.body === undefined ? undefined : JSON.stringify(o.body),
      signal: o.signal,
    });
  } catch (e) {
    if (o.signal?.aborted) throw e;
    throw new Problem(0, e instanceof Error ? e.message : String(e));
  }
}

async function problem(resp: Response): Promise<Problem> {
  const text = await resp.text();
  let detail = text.slice(0, 500) || resp.statusText;
  let field: string | undefined;
  try {
    const p = JSON.parse(text) as { detail?: string; message?: string; field?: string };
    detail = p.detail ?? p.message ?? detail;
    field = p.field;
  } catch {
    // a proxy in between answers with a page of its own
  }
  return new Problem(resp.status, detail, field, Number(resp.headers.get("Retry-After")) || undefined);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call(path, { signal })).json() as Promise<T>;
}

export async function send<T = unknown>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  const text = await (await call(path, { method, body, headers })).text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** A job and the tag of its definition, for If-Match. */
export async function getJob(name: string, signal?: AbortSignal): Promise<{ doc: JobDocument; tag: string }> {
  const resp = await call(`jobs/${enc(name)}`, { signal });
  return { doc: (await resp.json()) as JobDocument, tag: resp.headers.get("ETag") ?? "" };
}

export function query(params: Record<string, string | number | undefined>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== "") q.set(k, String(v));
  const text = q.toString();
  return text ? `?${text}` : "";
}
