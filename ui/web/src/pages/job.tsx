// One job: what it does next and why, what it did, how it is defined, who changed it.
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import {
  type Change,
  enc,
  get,
  getJob,
  type JobDocument,
  type Preview,
  query,
  type Reason,
  type Revision,
  type Run,
  type RunPage,
  send,
  type Trial,
} from "../api";
import { absolute, count, isTime, ownZone, relative, span } from "../format";
import { has, type Key, t } from "../i18n";
import { pollTime } from "../live";
import {
  Badge,
  Card,
  complain,
  Dialog,
  Empty,
  Failure,
  JobBadges,
  Loading,
  Menu,
  Recent,
  Shape,
  say,
  stateWord,
  tone,
  useNow,
  When,
} from "../parts";
import { go, to } from "../router";
import { AuditList } from "./activity";

const Around = lazy(() => import("../graph/around"));
const Definition = lazy(() => import("../editor/definition"));

const tabs = ["overview", "runs", "graph", "definition", "revisions", "activity"] as const;

export function JobPage({ name, tab }: { name: string; tab: string }) {
  const job = useQuery({ queryKey: ["job", name], queryFn: ({ signal }) => getJob(name, signal), refetchInterval: pollTime });
  const doc = job.data?.doc;
  return (
    <div className="page">
      <nav className="crumbs" aria-label={t("crumbs")}>
        <a href="#/jobs">{t("nav.jobs")}</a> <span aria-hidden="true">/</span>
      </nav>
      <div className="title">
        <h1>{name}</h1>
        {doc && <JobBadges row={doc.row} />}
        {doc && <Actions doc={doc} tag={job.data!.tag} />}
      </div>
      {doc?.row.description && <p className="lead">{doc.row.description}</p>}
      {!doc && <Failure error={job.error} />}
      {doc?.row.disabled && (
        <p className="notice">
          <Shape of="disabled" /> {doc.row.reason ? t("job.pausedBecause", { reason: doc.row.reason }) : t("job.paused")}
        </p>
      )}
      <div className="tabs" role="tablist" aria-label={name}>
        {tabs.map((x) => (
          <a key={x} role="tab" aria-selected={x === tab} href={to(x === "overview" ? ["jobs", name] : ["jobs", name, x])}>
            {t(`tab.${x}` as Key)}
          </a>
        ))}
      </div>
      <div role="tabpanel" aria-label={has(`tab.${tab}`) ? t(`tab.${tab}` as Key) : tab}>
        {job.isPending ? (
          <Loading />
        ) : (
          doc && (
            <Suspense fallback={<Loading />}>
              {tab === "overview" && <Overview doc={doc} />}
              {tab === "runs" && <Runs name={name} />}
              {tab === "graph" && <Around name={name} />}
              {tab === "definition" && <Definition doc={doc} tag={job.data!.tag} />}
              {tab === "revisions" && <Revisions name={name} current={doc.revision} />}
              {tab === "activity" && <AuditList job={name} />}
            </Suspense>
          )
        )}
      </div>
    </div>
  );
}

type Ask = "run" | "pause" | "backfill" | "delete" | null;

function Actions({ doc, tag }: { doc: JobDocument; tag: string }) {
  const client = useQueryClient();
  const [ask, setAsk] = useState<Ask>(null);
  const path = `jobs/${enc(doc.name)}`;
  const order = async (what: Key, act: () => Promise<unknown>) => {
    try {
      await act();
      say(t(what, { name: doc.name }));
      setAsk(null);
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  return (
    <div className="actions">
      <button type="button" className="primary" onClick={() => setAsk("run")}>
        {t("act.run")}
      </button>
      {doc.row.disabled ? (
        <button type="button" onClick={() => order("did.resume", () => send("POST", `${path}/resume`))}>
          {t("act.resume")}
        </button>
      ) : (
        <button type="button" onClick={() => setAsk("pause")}>
          {t("act.pause")}
        </button>
      )}
      <a className="button" href={to(["jobs", doc.name, "definition"])}>
        {t("act.edit")}
      </a>
      <Menu label={t("act.more")}>
        {doc.row.schedule &&
          (doc.skipNext ? (
            <button type="button" onClick={() => order("did.unskip", () => send("DELETE", `${path}/skipNext`))}>
              {t("act.unskip")}
            </button>
          ) : (
            <button type="button" onClick={() => order("did.skip", () => send("POST", `${path}/skipNext`))}>
              {t("act.skip")}
            </button>
          ))}
        {doc.row.schedule &&
          (doc.backfill ? (
            <button type="button" onClick={() => order("did.cancelBackfill", () => send("DELETE", `${path}/backfill`))}>
              {t("act.cancelBackfill")}
            </button>
          ) : (
            <button type="button" onClick={() => setAsk("backfill")}>
              {t("act.backfill")}
            </button>
          ))}
        <button type="button" onClick={() => order("did.kill", () => send("POST", `${path}/kill`))} disabled={doc.runs.length === 0}>
          {t("act.kill")}
        </button>
        <button type="button" onClick={() => order("did.success", () => send("POST", `${path}/success`))}>
          {t("act.success")}
        </button>
        <button type="button" onClick={() => go(to(["new", doc.name]))}>
          {t("act.clone")}
        </button>
        <button type="button" className="bad" onClick={() => setAsk("delete")}>
          {t("act.delete")}
        </button>
      </Menu>
      <RunNow doc={doc} open={ask === "run"} close={() => setAsk(null)} />
      <Pause
        open={ask === "pause"}
        close={() => setAsk(null)}
        act={(reason) => order("did.pause", () => send("POST", `${path}/pause`, { reason }))}
      />
      <BackfillDialog doc={doc} open={ask === "backfill"} close={() => setAsk(null)} />
      <Delete doc={doc} tag={tag} open={ask === "delete"} close={() => setAsk(null)} />
    </div>
  );
}

function RunNow({ doc, open, close }: { doc: JobDocument; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const given = (doc.definition.arguments as string[] | undefined) ?? [];
  const [args, setArgs] = useState("");
  const [env, setEnv] = useState("");
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read when the dialog opens, not while somebody types
  useEffect(() => {
    if (open) {
      setArgs(given.join("\n"));
      setEnv("");
      setError(null);
    }
  }, [open]);
  const act = async () => {
    const body: { arguments?: string[]; environment?: { name: string; value: string }[] } = {};
    const list = args === "" ? [] : args.split("\n");
    const variables = env.split("\n").filter((l) => l.trim() !== "");
    if (list.join("\n") !== given.join("\n") || variables.length > 0) {
      body.arguments = list;
      body.environment = [];
      for (const line of variables) {
        const at = line.indexOf("=");
        if (at < 1) {
          setError(new Error(t("run.badVariable", { line })));
          return;
        }
        body.environment.push({ name: line.slice(0, at).trim(), value: line.slice(at + 1) });
      }
    }
    try {
      const made = await send<{ run?: string }>("POST", `jobs/${enc(doc.name)}/run`, body);
      say(t(made.run ? "did.run" : "did.runRefused", { name: doc.name }), !made.run);
      close();
      void client.invalidateQueries();
      if (made.run) go(to(["runs", made.run]));
    } catch (e) {
      setError(e);
    }
  };
  return (
    <Dialog title={t("run.title", { name: doc.name })} open={open} close={close}>
      <p className="muted">{t("run.hint")}</p>
      <label className="field">
        <span>{t("run.arguments")}</span>
        <textarea className="mono" rows={4} value={args} onChange={(e) => setArgs(e.target.value)} spellCheck={false} />
      </label>
      <label className="field">
        <span>{t("run.environment")}</span>
        <textarea
          className="mono"
          rows={3}
          value={env}
          onChange={(e) => setEnv(e.target.value)}
          placeholder="NAME=value"
          spellCheck={false}
        />
      </label>
      <Failure error={error} />
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className="primary" onClick={act}>
          {t("act.run")}
        </button>
      </footer>
    </Dialog>
  );
}

function Pause({ open, close, act }: { open: boolean; close: () => void; act: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t("act.pause")} open={open} close={close}>
      <p className="muted">{t("pause.hint")}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          act(reason);
        }}
      >
        <label className="field">
          <span>{t("reason")}</span>
          <input value={reason} onChange={(e) => setReason(e.target.value)} maxLength={1000} />
        </label>
        <footer>
          <button type="button" onClick={close}>
            {t("cancel")}
          </button>
          <button type="submit" className="primary">
            {t("act.pause")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What a datetime-local input holds, as an instant; the input is in your zone. */
const instant = (text: string) => (text ? new Date(text).toISOString() : "");
const local = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

function BackfillDialog({ doc, open, close }: { doc: JobDocument; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [width, setWidth] = useState(1);
  useEffect(() => {
    if (open) {
      setFrom(local(Date.now() - 86_400_000));
      setUntil(local(Date.now()));
    }
  }, [open]);
  const body = { from: instant(from), to: instant(until), parallelism: width };
  const path = `jobs/${enc(doc.name)}/backfill`;
  const trial = useQuery({
    queryKey: ["backfill", doc.name, from, until],
    queryFn: () => send<{ slots: number }>("POST", path, { ...body, dryRun: true }),
    enabled: open && !!from && !!until,
  });
  const act = async () => {
    try {
      const a = await send<{ slots: number }>("POST", path, body);
      say(t("did.backfill", { n: count(a.slots) }));
      close();
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  return (
    <Dialog title={t("act.backfill")} open={open} close={close}>
      <p className="muted">{t("backfill.hint")}</p>
      <div className="fields">
        <label className="field">
          <span>{t("from")}</span>
          <input type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label className="field">
          <span>{t("until")}</span>
          <input type="datetime-local" value={until} onChange={(e) => setUntil(e.target.value)} />
        </label>
        <label className="field">
          <span>{t("backfill.width")}</span>
          <input type="number" min={1} max={100} value={width} onChange={(e) => setWidth(Number(e.target.value))} />
        </label>
      </div>
      <Failure error={trial.error} />
      {trial.data && <p role="status">{t("backfill.slots", { n: count(trial.data.slots) })}</p>}
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className="primary" disabled={!trial.data?.slots} onClick={act}>
          {t("act.backfill")}
        </button>
      </footer>
    </Dialog>
  );
}

function Delete({ doc, tag, open, close }: { doc: JobDocument; tag: string; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const path = `jobs/${enc(doc.name)}`;
  const trial = useQuery({
    queryKey: ["farewell", doc.name],
    queryFn: () => send<Trial>("DELETE", `${path}?dryRun=true`),
    enabled: open,
    gcTime: 0,
  });
  const act = async () => {
    try {
      await send("DELETE", path, undefined, { "If-Match": tag });
      say(t("did.delete", { name: doc.name }));
      go("#/jobs");
      client.removeQueries({ queryKey: ["job", doc.name] });
      void client.invalidateQueries({ predicate: (q) => q.queryKey[1] !== doc.name }); // those would find nothing
    } catch (e) {
      complain(e);
    }
  };
  return (
    <Dialog title={t("delete.title", { name: doc.name })} open={open} close={close}>
      <Failure error={trial.error} />
      <ul>
        {trial.data?.effects?.map((x) => (
          <li key={x}>{x}</li>
        ))}
      </ul>
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className="danger" disabled={!trial.data} onClick={act}>
          {t("act.delete")}
        </button>
      </footer>
    </Dialog>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

export function reasonWord(r: Reason): string {
  const key = `why.${r.code}`;
  return has(key) ? t(key as Key) : r.code;
}

function Overview({ doc }: { doc: JobDocument }) {
  const why = useQuery({
    queryKey: ["explain", doc.name],
    queryFn: ({ signal }) => get<{ reasons: Reason[] }>(`jobs/${enc(doc.name)}/explain`, signal),
    refetchInterval: 5000,
  });
  const d = doc.definition;
  const text = (name: string) => (d[name] === undefined || d[name] === "" ? undefined : String(d[name]));
  const constraints = (d.constraints as string[][] | undefined) ?? [];
  return (
    <div className="columns">
      <div>
        <Card title={t("job.now")}>
          <Failure error={why.error} />
          <ul className="reasons">
            {why.data?.reasons.map((r, i) => (
              <li key={i}>
                <b>{reasonWord(r)}</b> {r.run ? <a href={to(["runs", r.run])}>{r.text}</a> : r.text}
                {r.at && (
                  <>
                    {" "}
                    · <When at={r.at} />
                  </>
                )}
              </li>
            ))}
            {why.data?.reasons.length === 0 && <li className="muted">{t("job.nothing")}</li>}
          </ul>
          {doc.backfill && (
            <p>
              {t("backfill.progress", { made: count(doc.backfill.made), n: count(doc.backfill.slots) })}{" "}
              <progress value={doc.backfill.made} max={doc.backfill.slots} aria-label={t("act.backfill")} />
            </p>
          )}
          {doc.parents.length > 0 && (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t("job.parent")}</th>
                  <th scope="col">{t("col.state")}</th>
                  <th scope="col">{t("job.unspent")}</th>
                </tr>
              </thead>
              <tbody>
                {doc.parents.map((p) => (
                  <tr key={p.name}>
                    <td>
                      <a href={to(["jobs", p.name])}>{p.name}</a>
                    </td>
                    <td>
                      <JobBadges row={{ ...p, late: false, disabled: false }} />
                    </td>
                    <td>
                      {p.succeeded > 0 ? (
                        <Badge of="succeeded" />
                      ) : p.failed > 0 ? (
                        <Badge of="failed" />
                      ) : (
                        <span className="muted">{t("job.stillToCome")}</span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {doc.children.length > 0 && (
            <p>
              <span className="muted">{t("job.children")}</span>{" "}
              {doc.children.slice(0, 30).map((c, i) => (
                <span key={c}>
                  {i > 0 && ", "}
                  <a href={to(["jobs", c])}>{c}</a>
                </span>
              ))}
              {doc.children.length > 30 && ` + ${doc.children.length - 30}`}
            </p>
          )}
        </Card>
        <Card title={t("job.definition")} extra={<a href={to(["jobs", doc.name, "definition"])}>{t("act.edit")}</a>}>
          <pre className="command">{text("command") ?? "–"}</pre>
          <dl>
            <Fact name={t("field.runAsUser")}>{text("runAsUser") ?? "–"}</Fact>
            <Fact name={t("field.retries")}>
              {t("job.retries", { n: String(d.retries ?? 0), interval: text("retryInterval") ?? t("default") })}
              {text("retryBackoff") && ` · ${text("retryBackoff")}`}
            </Fact>
            <Fact name={t("section.where")}>
              {constraints.length === 0 ? t("job.anywhere") : constraints.map((c) => <code key={c.join()}>{c.join(" ")}</code>)}
            </Fact>
            <Fact name={t("job.resources")}>
              {t("job.resourcesOf", { cpus: String(d.cpus), mem: String(d.mem), disk: String(d.disk) })}
              {d.gpus ? ` · ${d.gpus} GPU` : ""}
            </Fact>
            <Fact name={t("field.overlap")}>{t(`overlap.${text("overlap") ?? "queue"}` as Key)}</Fact>
            <Fact name={t("field.catchUp")}>{t(`catchUp.${text("catchUp") ?? "latest"}` as Key)}</Fact>
            {text("timeout") && <Fact name={t("field.timeout")}>{text("timeout")}</Fact>}
            {text("epsilon") && <Fact name={t("field.epsilon")}>{text("epsilon")}</Fact>}
            <Fact name={t("field.owner")}>{[text("owner"), text("ownerName")].filter(Boolean).join(", ") || "–"}</Fact>
            <Fact name={t("job.changed")}>
              <When at={doc.row.updated} full /> {doc.updatedBy}
            </Fact>
          </dl>
        </Card>
      </div>
      <div>
        {doc.row.schedule && <Schedule doc={doc} />}
        <Card title={t("job.results")}>
          <div className="figures">
            <div>
              <b>{count(doc.row.successCount)}</b>
              <span>{stateWord("succeeded")}</span>
            </div>
            <div>
              <b className={doc.row.errorsSinceLastSuccess ? "bad" : ""}>{count(doc.row.errorCount)}</b>
              <span>{stateWord("failed")}</span>
            </div>
            <div>
              <b>{doc.row.last?.durationMs === undefined ? "–" : span(doc.row.last.durationMs)}</b>
              <span>{t("col.duration")}</span>
            </div>
            <div>
              <Recent outcomes={doc.row.recent} />
              <span>{t("col.recent")}</span>
            </div>
          </div>
          <Calendar name={doc.name} />
        </Card>
      </div>
    </div>
  );
}

function Schedule({ doc }: { doc: JobDocument }) {
  const d = doc.definition;
  const now = useNow();
  const body: Record<string, unknown> = { name: doc.name, n: 10 };
  for (const f of ["schedule", "scheduleTimeZone", "dstGap", "dstOverlap", "notBefore", "notAfter"]) if (d[f]) body[f] = d[f];
  if (doc.next[0]) body.from = doc.next[0];
  const preview = useQuery({ queryKey: ["preview", JSON.stringify(body)], queryFn: () => send<Preview>("POST", "schedule/preview", body) });
  const zone = (d.scheduleTimeZone as string) || "UTC";
  const marks = new Map(preview.data?.next.map((s) => [Date.parse(s.at), s.dst]));
  return (
    <Card title={t("job.schedule")}>
      <p>
        <code>{doc.row.schedule}</code> <span className="muted">{zone}</span>
        {preview.data?.words && (
          <>
            <br />
            {preview.data.words}
          </>
        )}
      </p>
      {doc.row.disabled && <p className="muted">{t("job.noNext")}</p>}
      {doc.next.length > 0 && (
        <div className="scroll-x" tabIndex={0}>
          <table className="plain num">
            <thead>
              <tr>
                <th scope="col">{zone}</th>
                {zone !== ownZone && <th scope="col">{t("yours", { zone: ownZone })}</th>}
                <th scope="col">
                  <span className="hidden">{t("job.in")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {doc.next.map((at) => {
                const dst = marks.get(Date.parse(at));
                const skipped = doc.skipNext && Date.parse(doc.skipNext) === Date.parse(at);
                return (
                  <tr key={at} className={skipped ? "struck" : ""}>
                    <td>{absolute(at, zone)}</td>
                    {zone !== ownZone && <td>{absolute(at)}</td>}
                    <td>
                      {relative(at, now)}
                      {dst && <span className="badge warn"> {t(`dst.${dst}` as Key)}</span>}
                      {skipped && <span className="badge off"> {t("job.willSkip")}</span>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

const weeks = 16;

/** Days as squares: how many runs ended that day, and how. */
function Calendar({ name }: { name: string }) {
  const runs = useQuery({
    queryKey: ["jobRuns", name, "calendar"],
    queryFn: ({ signal }) => get<RunPage>(`runs${query({ job: name, state: "ended", limit: 1000 })}`, signal),
    staleTime: 30_000,
  });
  const days = new Map<string, { good: number; bad: number; other: number }>();
  const dayOf = (ms: number) => absolute(ms).slice(0, 10);
  for (const r of runs.data?.runs ?? []) {
    const key = dayOf(Date.parse(isTime(r.ended) ? r.ended : r.created));
    const d = days.get(key) ?? { good: 0, bad: 0, other: 0 };
    if (r.outcome === "succeeded") d.good += r.count;
    else if (r.outcome === "failed") d.bad += r.count;
    else d.other += r.count;
    days.set(key, d);
  }
  const today = new Date();
  const weekday = (today.getDay() + 6) % 7;
  const cells: ReactNode[] = [];
  for (let i = 0; i < weeks * 7; i++) {
    const back = (weeks - 1) * 7 + weekday - i;
    if (back < 0) break;
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - back, 12);
    const key = dayOf(day.getTime());
    const d = days.get(key);
    const look = !d ? "none" : d.bad ? "bad" : d.good ? "good" : "warn";
    cells.push(
      <rect key={key} className={`day fill-${look}`} x={Math.floor(i / 7) * 14} y={(i % 7) * 14} width="12" height="12" rx="2">
        <title>{`${key}: ${d ? t("job.day", { good: d.good, bad: d.bad, other: d.other }) : t("job.dayNone")}`}</title>
      </rect>,
    );
  }
  return (
    <figure className="calendar">
      <svg width={weeks * 14} height={98} role="img" aria-label={t("job.calendar")}>
        {cells}
      </svg>
      <figcaption className="muted">{t("job.calendar")}</figcaption>
    </figure>
  );
}

export function took(r: Run): number | undefined {
  const a = r.attempts[r.attempts.length - 1];
  if (!a || !isTime(a.running) || !isTime(a.ended)) return undefined;
  return Date.parse(a.ended) - Date.parse(a.running);
}

export function RunTable({ runs, job }: { runs: Run[]; job?: boolean }) {
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">{t("col.state")}</th>
            {job && <th scope="col">{t("col.job")}</th>}
            <th scope="col">{t("run.slot")}</th>
            <th scope="col">{t("run.kind")}</th>
            <th scope="col">{t("run.attempts")}</th>
            <th scope="col">{t("col.host")}</th>
            <th scope="col">{t("col.duration")}</th>
            <th scope="col">{t("run.ended")}</th>
            <th scope="col">{t("reason")}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((r, i) => {
            const ms = took(r);
            const lastAttempt = r.attempts[r.attempts.length - 1];
            return (
              <tr key={r.id ?? `${r.job}${r.created}${i}`}>
                <td>
                  {r.id ? (
                    <a href={to(["runs", r.id])}>
                      <Badge of={r.outcome ?? r.state} />
                    </a>
                  ) : (
                    <Badge of={r.outcome ?? r.state} />
                  )}
                </td>
                {job && (
                  <td>
                    <a href={to(["jobs", r.job])}>{r.job}</a>
                  </td>
                )}
                <td className="num">
                  {r.id ? <a href={to(["runs", r.id])}>{absolute(isTime(r.slot) ? r.slot : r.created)}</a> : absolute(r.slot)}
                  {r.count > 1 && <span className="muted"> {t("run.slots", { n: count(r.count) })}</span>}
                </td>
                <td>{t(`runKind.${r.kind}` as Key)}</td>
                <td className="num">{r.attempts.length || "–"}</td>
                <td>{lastAttempt?.host ?? "–"}</td>
                <td className="num">{ms === undefined ? "–" : span(ms)}</td>
                <td>
                  <When at={r.ended} />
                </td>
                <td className="clip" title={r.reason}>
                  {r.reason || lastAttempt?.message}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const outcomes = ["succeeded", "failed", "killed", "skipped", "missed", "cancelled"];

function Runs({ name }: { name: string }) {
  const [outcome, setOutcome] = useState("");
  const runs = useInfiniteQuery({
    queryKey: ["jobRuns", name, outcome],
    queryFn: ({ pageParam, signal }) =>
      get<RunPage>(
        `runs${query({ job: name, outcome, to: pageParam, state: pageParam || outcome ? "ended" : undefined, limit: 100 })}`,
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: pollTime,
  });
  const list = runs.data?.pages.flatMap((p) => p.runs) ?? [];
  return (
    <Card
      title={t("tab.runs")}
      extra={
        <label>
          {t("run.outcome")}{" "}
          <select value={outcome} onChange={(e) => setOutcome(e.target.value)}>
            <option value="">{t("view.all")}</option>
            {outcomes.map((o) => (
              <option key={o} value={o}>
                {stateWord(o)}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <Failure error={runs.error} />
      <Durations runs={list} />
      {list.length > 0 ? <RunTable runs={list} /> : runs.isSuccess && <Empty>{t("run.none")}</Empty>}
      {runs.hasNextPage && (
        <button type="button" onClick={() => runs.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </Card>
  );
}

/** How long the last runs took, oldest first. */
function Durations({ runs }: { runs: Run[] }) {
  const timed = runs
    .filter((r) => took(r) !== undefined)
    .slice(0, 80)
    .reverse();
  if (timed.length < 2) return null;
  const most = Math.max(...timed.map((r) => took(r)!), 1);
  return (
    <svg
      className="durations"
      viewBox={`0 0 ${timed.length * 10} 60`}
      height="60"
      preserveAspectRatio="xMinYMax meet"
      role="img"
      aria-label={t("run.durations")}
    >
      {timed.map((r, i) => {
        const h = Math.max(2, (took(r)! / most) * 58);
        return (
          <rect key={r.id} className={`fill-${tone(r.outcome ?? "")}`} x={i * 10} y={60 - h} width="8" height={h} rx="1.5">
            <title>{`${absolute(r.ended)} · ${span(took(r)!)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

export function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return null;
  return (
    <table className="plain changes">
      <thead>
        <tr>
          <th scope="col">{t("field")}</th>
          <th scope="col">{t("before")}</th>
          <th scope="col">{t("now")}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((c) => (
          <tr key={c.field}>
            <th scope="row">{c.field}</th>
            <td>
              <del>{c.before}</del>
            </td>
            <td>
              <ins>{c.after}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Revisions({ name, current }: { name: string; current: number }) {
  const client = useQueryClient();
  const [shown, setShown] = useState<number | null>(null);
  const list = useQuery({
    queryKey: ["revisions", name],
    queryFn: ({ signal }) => get<{ revisions: Revision[] }>(`jobs/${enc(name)}/revisions`, signal),
  });
  const one = useQuery({
    queryKey: ["revision", name, shown],
    queryFn: ({ signal }) => get<Revision>(`jobs/${enc(name)}/revisions/${shown}`, signal),
    enabled: shown !== null,
  });
  const revert = async (n: number) => {
    try {
      await send("POST", `jobs/${enc(name)}/revisions/${n}/revert`);
      say(t("did.revert", { n }));
      setShown(null);
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  return (
    <>
      <Failure error={list.error} />
      {list.data?.revisions.map((r, i, all) => (
        <Card
          key={r.revision}
          className="revision"
          title={t("revision.n", { n: r.revision })}
          extra={
            <span className="right">
              <When at={r.at} full /> {r.by}
              <button type="button" onClick={() => setShown(r.revision)}>
                {t("revision.show")}
              </button>
              {r.revision !== current && (
                <button type="button" onClick={() => revert(r.revision)}>
                  {t("revision.revert")}
                </button>
              )}
            </span>
          }
        >
          {r.changes.length > 0 ? (
            <Changes changes={r.changes} />
          ) : (
            <p className="muted">{t(i === all.length - 1 ? "revision.first" : "revision.same")}</p>
          )}
        </Card>
      ))}
      <Dialog wide title={t("revision.n", { n: shown ?? 0 })} open={shown !== null} close={() => setShown(null)}>
        <Failure error={one.error} />
        <pre className="command">{one.data && JSON.stringify(one.data.definition, null, 2)}</pre>
        <footer>
          {shown !== null && shown !== current && (
            <button type="button" className="primary" onClick={() => revert(shown)}>
              {t("revision.revert")}
            </button>
          )}
          <button type="button" onClick={() => setShown(null)}>
            {t("close")}
          </button>
        </footer>
      </Dialog>
    </>
  );
}
