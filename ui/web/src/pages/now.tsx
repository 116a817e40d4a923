// What goes on, what should and does not, and what comes.
import { useQuery } from "@tanstack/react-query";
import { type Cluster, get, type JobRow, type Now, type Run } from "../api";
import { absolute, count, isTime, span } from "../format";
import { t } from "../i18n";
import { pollTime } from "../live";
import { ClusterCard } from "../now/cluster";
import { Lanes } from "../now/lanes";
import { Load } from "../now/load";
import { Badge, Card, Empty, Failure, JobBadges, Loading, Recent, Shape, tone, useNow, When } from "../parts";
import { to } from "../router";

export function NowPage() {
  const q = useQuery({ queryKey: ["now"], queryFn: ({ signal }) => get<Now>("now", signal), refetchInterval: pollTime });
  const c = useQuery({ queryKey: ["cluster"], queryFn: ({ signal }) => get<Cluster>("cluster", signal), refetchInterval: 5000 });
  const n = q.data;
  if (!n) return q.error ? <Failure error={q.error} /> : <Loading />;
  const reasons = new Map(c.data?.queue?.map((x) => [x.run, x.reason]));
  const { totals } = n;
  const tiles: [string, number, string, string][] = [
    [t("now.running"), totals.running, "running", "state:running"],
    [t("now.waiting"), totals.waiting, "queued", "state:queued,waiting,retrying"],
    [t("now.late"), totals.late, "late", "state:late"],
    [t("now.failing"), totals.failing, "failing", "state:failing"],
    [t("now.paused"), totals.disabled, "disabled", "disabled:yes"],
    [t("nav.jobs"), totals.jobs, "idle", ""],
  ];
  return (
    <div className="page">
      <h1>{t("nav.now")}</h1>
      <div className="tiles">
        {tiles.map(([label, value, look, filter]) => (
          <a key={label} className={`tile ${value > 0 ? tone(look) : ""}`} href={to(["jobs"], { q: filter })}>
            <span>
              <Shape of={look} /> {label}
            </span>
            <b>{count(value)}</b>
          </a>
        ))}
      </div>
      <ClusterCard cluster={c.data} error={c.error} />
      <div className="columns">
        <Card title={t("now.running")} extra={more(totals.running, n.running.length)}>
          <RunList runs={n.running} none={t("now.noRunning")} />
        </Card>
        <Card title={t("now.waiting")} extra={more(totals.waiting, n.waiting.length)}>
          <RunList runs={n.waiting} none={t("now.noWaiting")} reasons={reasons} />
        </Card>
        <Card title={t("now.failing")} extra={more(totals.failing, n.failing.length)}>
          <JobList rows={n.failing} none={t("now.noFailing")} />
        </Card>
        <Card title={t("now.late")} extra={more(totals.late, n.late.length)}>
          <JobList rows={n.late} none={t("now.noLate")} />
        </Card>
      </div>
      <Lanes now={n} />
      <Load load={n.load} />
      <Card title={t("now.missed")}>
        {n.missed.length === 0 ? (
          <Empty>{t("now.noMissed")}</Empty>
        ) : (
          <div className="scroll-x short" tabIndex={0}>
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">{t("col.state")}</th>
                  <th scope="col">{t("col.job")}</th>
                  <th scope="col">{t("run.slot")}</th>
                  <th scope="col">{t("reason")}</th>
                </tr>
              </thead>
              <tbody>
                {n.missed.map((m, i) => (
                  <tr key={i}>
                    <td>
                      <Badge of={m.outcome} />
                    </td>
                    <td>
                      <a href={to(["jobs", m.job])}>{m.job}</a>
                    </td>
                    <td className="num">
                      {isTime(m.slot) ? absolute(m.slot) : absolute(m.at)}
                      {m.count > 1 && <span className="muted"> {t("run.slots", { n: count(m.count) })}</span>}
                    </td>
                    <td>{m.reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
    </div>
  );
}

function more(total: number, shown: number) {
  return total > shown ? <span className="muted">{t("now.of", { shown: count(shown), total: count(total) })}</span> : null;
}

function RunList({ runs, none, reasons }: { runs: Run[]; none: string; reasons?: Map<string, string | undefined> }) {
  const now = useNow();
  if (runs.length === 0) return <Empty>{none}</Empty>;
  return (
    <ul className="items">
      {runs.map((r) => {
        const a = r.attempts[r.attempts.length - 1];
        const since = a && isTime(a.running) ? a.running : (a?.launched ?? r.created);
        const why = reasons?.get(r.id!) ?? r.reason;
        return (
          <li key={r.id}>
            <Badge of={r.state} />
            <a href={to(["runs", r.id!])} className="clip">
              {r.job}
            </a>
            {!why && a?.host && <span className="muted clip">{a.host}</span>}
            <span className="num end">
              {r.notBefore && r.state === "retrying" ? <When at={r.notBefore} /> : span(now - Date.parse(since))}
            </span>
            {why && <span className="muted why">{why}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function JobList({ rows, none }: { rows: JobRow[]; none: string }) {
  if (rows.length === 0) return <Empty>{none}</Empty>;
  return (
    <ul className="items">
      {rows.map((r) => (
        <li key={r.name}>
          <JobBadges row={r} />
          <a href={to(["jobs", r.name])} className="clip">
            {r.name}
          </a>
          <Recent outcomes={r.recent.slice(-12)} />
          <span className="num end">{r.last && <When at={r.last.ended} />}</span>
        </li>
      ))}
    </ul>
  );
}
