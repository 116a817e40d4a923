// One run: its attempts in time, why it is where it is, and what it wrote.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, getJob, Problem, type Run, send } from "../api";
import { absolute, isTime } from "../format";
import { type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Log } from "../log";
import { Badge, Card, complain, Failure, JobBadges, Loading, say, When } from "../parts";
import { Reasons } from "../reasons";
import { go, to } from "../router";
import { AttemptTable } from "../run/attempts";
import { KinCard } from "../run/kin";
import { TimeLine } from "../run/timeline";

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
        <div>
          <Card title={t("run.timeline")}>
            <TimeLine run={run} picked={attempt?.number} pick={setPicked} />
            {run.waiting && run.waiting.length > 0 && <Reasons of={run.waiting} />}
          </Card>
          <KinCard run={run} />
        </div>
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
