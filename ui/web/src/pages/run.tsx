// One run: its attempts in time, why it is where it is, and what it wrote.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Attempt, get, getJob, Problem, type Run, send } from "../api";
import { absolute, clock, isTime, span } from "../format";
import { has, type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Log } from "../log";
import { Badge, Card, complain, Failure, JobBadges, Loading, say, stateWord, useNow, When } from "../parts";
import { Reasons } from "../reasons";
import { go, to } from "../router";

export function RunPage({ id }: { id: string }) {
  const client = useQueryClient();
  const q = useQuery({
    queryKey: ["run", id],
    queryFn: ({ signal }) => get<Run>(`runs/${id}`, signal),
    refetchInterval: (x) => (x.state.data?.state === "ended" ? false : Math.min(pollTime(), 4000)),
  });
  const run = q.data;
  const [picked, setPicked] = useState<number | null>(null);
  if (!run) return q.error ? <Failure error={q.error} /> : <Loading />;
  const over = run.state === "ended";
  const own = !!(run.arguments || run.environment); // what it was given by hand it gets again
  const order = async (done: Key, act: () => Promise<unknown>) => {
    try {
      const made = (await act()) as { run?: string } | undefined;
      say(t(done, { name: run.job }));
      void client.invalidateQueries();
      if (made?.run) go(to(["runs", made.run]));
    } catch (e) {
      complain(e);
    }
  };
  const attempt = run.attempts.find((a) => a.number === picked) ?? run.attempts[run.attempts.length - 1];
  return (
    <div className="page">
      <nav className="crumbs" aria-label={t("crumbs")}>
        <a href="#/jobs">{t("nav.jobs")}</a> <span aria-hidden="true">/</span> <a href={to(["jobs", run.job])}>{run.job}</a>{" "}
        <span aria-hidden="true">/</span> <a href={to(["jobs", run.job, "runs"])}>{t("tab.runs")}</a> <span aria-hidden="true">/</span>
      </nav>
      <div className="title">
        <h1>{isTime(run.slot) ? absolute(run.slot) : t("run.id", { id })}</h1>
        <Badge of={run.outcome ?? run.state} />
        <div className="actions" hidden={run.may && !run.may.act}>
          {over && (
            <button
              type="button"
              className="primary"
              disabled={own && run.may && !run.may.define}
              title={own ? run.may?.reason : undefined}
              onClick={() => order("did.retry", () => send("POST", `runs/${id}/retry`))}
            >
              {t("act.retry")}
            </button>
          )}
          {over && run.outcome !== "succeeded" && (
            <button type="button" onClick={() => order("did.success", () => send("POST", `runs/${id}/success`))}>
              {t("act.success")}
            </button>
          )}
          {!over && (
            <button type="button" className="danger" onClick={() => order("did.killRun", () => send("POST", `runs/${id}/kill`))}>
              {t("act.killRun")}
            </button>
          )}
        </div>
      </div>
      <div className="columns">
        <Card title={t("run.timeline")}>
          <TimeLine run={run} picked={attempt?.number} pick={setPicked} />
          {run.waiting && run.waiting.length > 0 && <Reasons of={run.waiting} />}
        </Card>
        <Card title={t("run.facts")}>
          <dl>
            {run.reason && (
              <>
                <dt>{t("reason")}</dt>
                <dd>{run.reason}</dd>
              </>
            )}
            <dt>{t("run.kind")}</dt>
            <dd>
              {t(`runKind.${run.kind}` as Key)}
              {run.by && ` · ${run.by}`}
            </dd>
            <dt>{t("run.created")}</dt>
            <dd>
              <When at={run.created} full />
            </dd>
            {run.notBefore && !over && (
              <>
                <dt>{t("run.notBefore")}</dt>
                <dd>
                  <When at={run.notBefore} full />
                </dd>
              </>
            )}
            {run.ended && (
              <>
                <dt>{t("run.ended")}</dt>
                <dd>
                  <When at={run.ended} full />
                </dd>
              </>
            )}
            {run.arguments && (
              <>
                <dt>{t("field.arguments")}</dt>
                <dd>
                  {run.arguments.map((a, i) => (
                    <code key={i}>{a}</code>
                  ))}
                </dd>
              </>
            )}
            {run.environment && (
              <>
                <dt>{t("field.environmentVariables")}</dt>
                <dd>
                  {run.environment.map((v) => (
                    <code key={v.name}>
                      {v.name}={v.value}
                    </code>
                  ))}
                </dd>
              </>
            )}
            <dt>{t("run.run")}</dt>
            <dd>
              <code>{id}</code>
            </dd>
          </dl>
          <Relatives job={run.job} />
        </Card>
      </div>
      {run.attempts.length > 0 && <AttemptTable run={run} picked={attempt?.number} pick={setPicked} />}
      {attempt && <Log key={`${id}/${attempt.number}`} run={id} attempt={attempt.number} live={!isTime(attempt.ended)} />}
    </div>
  );
}

function Relatives({ job }: { job: string }) {
  const q = useQuery({ queryKey: ["job", job], queryFn: ({ signal }) => getJob(job, signal) });
  if (q.error instanceof Problem) return null;
  const doc = q.data?.doc;
  if (!doc || (doc.parents.length === 0 && doc.children.length === 0)) return null;
  return (
    <dl>
      {doc.parents.length > 0 && (
        <>
          <dt>{t("field.parents")}</dt>
          <dd>
            {doc.parents.map((p) => (
              <div key={p.name}>
                <a href={to(["jobs", p.name])}>{p.name}</a> <JobBadges row={{ ...p, late: false, disabled: false }} />
              </div>
            ))}
          </dd>
        </>
      )}
      {doc.children.length > 0 && (
        <>
          <dt>{t("job.children")}</dt>
          <dd>
            {doc.children.slice(0, 20).map((c) => (
              <div key={c}>
                <a href={to(["jobs", c])}>{c}</a>
              </div>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}

interface Phase {
  kind: "wait" | "staging" | "running";
  from: number;
  to: number;
  attempt?: number;
  outcome?: string;
}

/** What a run did when: waiting, then each attempt's staging and running. */
export function phases(run: Run, now: number): Phase[] {
  const out: Phase[] = [];
  let at = Date.parse(run.created);
  for (const a of run.attempts) {
    const launched = Date.parse(a.launched);
    const end = isTime(a.ended) ? Date.parse(a.ended) : now;
    if (launched > at) out.push({ kind: "wait", from: at, to: launched });
    const began = isTime(a.running) ? Date.parse(a.running) : end;
    out.push({ kind: "staging", from: launched, to: began, attempt: a.number });
    if (isTime(a.running)) out.push({ kind: "running", from: began, to: end, attempt: a.number, outcome: outcomeOf(a) });
    at = end;
  }
  const end = isTime(run.ended) ? Date.parse(run.ended) : now;
  if (end > at && (run.attempts.length === 0 || isTime(run.attempts[run.attempts.length - 1].ended)))
    out.push({ kind: "wait", from: at, to: end });
  return out;
}

export function outcomeOf(a: Attempt): string {
  if (!isTime(a.ended)) return a.state === "TASK_RUNNING" ? "running" : "staging";
  if (a.state === "TASK_FINISHED") return "succeeded";
  return a.state === "TASK_KILLED" ? "killed" : "failed";
}

function TimeLine({ run, picked, pick }: { run: Run; picked?: number; pick: (n: number) => void }) {
  const now = useNow();
  const list = phases(run, now);
  const from = Date.parse(run.created);
  const end = Math.max(from + 50, ...list.map((p) => p.to));
  const x = (ms: number) => ((ms - from) / (end - from)) * 1000;
  const rows = Math.max(1, run.attempts.length);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return (
    <figure className="timeline">
      <svg
        viewBox={`0 0 1000 ${rows * 22 + 4}`}
        height={rows * 22 + 4}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("run.timeline")}
      >
        {ticks.map((f) => (
          <line key={f} className="grid" x1={f * 1000} x2={f * 1000} y1="0" y2={rows * 22 + 4} />
        ))}
        {list.map((p, i) => {
          const row = Math.max(
            0,
            run.attempts.findIndex((a) => (p.attempt === undefined ? Date.parse(a.launched) >= p.to : a.number === p.attempt)),
          );
          const word = p.kind === "running" ? stateWord(p.outcome ?? "running") : t(`phase.${p.kind}` as Key);
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table below does the same for the keyboard
            <rect
              key={i}
              className={p.kind === "running" ? `bar ${p.outcome} ${p.attempt === picked && rows > 1 ? "picked" : ""}` : `bar ${p.kind}`}
              x={x(p.from)}
              y={row * 22 + (p.kind === "wait" ? 10 : 4)}
              width={Math.max(2, x(p.to) - x(p.from))}
              height={p.kind === "wait" ? 4 : 16}
              onMouseDown={() => p.attempt !== undefined && pick(p.attempt)}
            >
              <title>{`${word}: ${absolute(p.from)}, ${span(p.to - p.from)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="axis num" aria-hidden="true">
        {ticks.map((f) => (
          <span key={f}>{f === 0 ? clock(from) : `+${span((end - from) * f)}`}</span>
        ))}
      </div>
      <figcaption className="legend">
        <span>
          <i className="wait" /> {t("phase.wait")}
        </span>
        <span>
          <i className="staging" /> {t("phase.staging")}
        </span>
        <span>
          <i className="running" /> {stateWord("running")}
        </span>
        <span>
          <i className="succeeded" /> {stateWord("succeeded")}
        </span>
        <span>
          <i className="failed" /> {stateWord("failed")}
        </span>
      </figcaption>
    </figure>
  );
}

function AttemptTable({ run, picked, pick }: { run: Run; picked?: number; pick: (n: number) => void }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <Card title={t("run.attempts")}>
      <div className="scroll-x" tabIndex={0}>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">{t("run.attempt")}</th>
              <th scope="col">{t("col.state")}</th>
              <th scope="col">{t("col.host")}</th>
              <th scope="col">{t("run.launched")}</th>
              <th scope="col">{t("col.duration")}</th>
              <th scope="col">{t("run.exit")}</th>
              <th scope="col">{t("reason")}</th>
            </tr>
          </thead>
          <tbody>
            {run.attempts.map((a) => {
              const key = `mesos.${a.reason}`;
              return (
                <tr key={a.number} className={a.number === picked ? "picked" : ""}>
                  <td>
                    <button type="button" aria-pressed={a.number === picked} onClick={() => pick(a.number)}>
                      {a.number}
                    </button>
                  </td>
                  <td>
                    <Badge of={outcomeOf(a)} title={a.state} />
                  </td>
                  <td>{a.host}</td>
                  <td className="num">{absolute(a.launched)}</td>
                  <td className="num">
                    {isTime(a.running) ? span((isTime(a.ended) ? Date.parse(a.ended) : now) - Date.parse(a.running)) : "–"}
                  </td>
                  <td className="num">{a.exitCode ?? "–"}</td>
                  <td>
                    {has(key) ? t(key as Key) : a.reason} {a.message}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
