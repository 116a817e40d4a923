// What goes on, what should and does not, and what comes.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Cluster, get, type JobRow, type Now, type Run } from "../api";
import { absolute, clock, count, isTime, ownZone, span } from "../format";
import { t } from "../i18n";
import { pollTime } from "../live";
import { Badge, Card, Empty, Failure, JobBadges, Loading, Recent, Shape, stateWord, tone, useNow, When } from "../parts";
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
      {runs.slice(0, 20).map((r) => {
        const a = r.attempts[r.attempts.length - 1];
        const since = a && isTime(a.running) ? a.running : (a?.launched ?? r.created);
        return (
          <li key={r.id}>
            <Badge of={r.state} />
            <a href={to(["runs", r.id!])} className="clip">
              {r.job}
            </a>
            <span className="muted clip">{reasons?.get(r.id!) ?? r.reason ?? a?.host}</span>
            <span className="num end">
              {r.notBefore && r.state === "retrying" ? <When at={r.notBefore} /> : span(now - Date.parse(since))}
            </span>
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
      {rows.slice(0, 20).map((r) => (
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

const ranges = [0.25, 1, 6, 24];
const width = 1000;

/** Each job that ran is a lane: its runs in the past, its slots to come. */
function Lanes({ now }: { now: Now }) {
  const [hours, setHours] = useState(1);
  const at = Date.parse(now.at);
  const half = hours * 3_600_000;
  const from = at - half;
  const x = (ms: number) => ((ms - from) / (2 * half)) * width;
  const lanes = now.lanes.filter((l) => l.runs.some((r) => !r.to || Date.parse(r.to) > from)).slice(0, 40);
  const coming = new Map<string, number[]>();
  for (const c of now.next) {
    const ms = Date.parse(c.at);
    if (ms < at + half) coming.set(c.job, [...(coming.get(c.job) ?? []), ms]);
  }
  const height = lanes.length * 18;
  return (
    <Card
      title={t("now.lanes")}
      extra={
        <div className="switch" role="group" aria-label={t("now.range")}>
          {ranges.map((h) => (
            <button key={h} type="button" aria-pressed={h === hours} onClick={() => setHours(h)}>
              ±{h < 1 ? `${h * 60} ${t("unit.m")}` : `${h} ${t("unit.h")}`}
            </button>
          ))}
        </div>
      }
    >
      {lanes.length === 0 ? (
        <Empty>{t("now.noLanes")}</Empty>
      ) : (
        <div className="lanes">
          <div className="labels">
            {lanes.map((l) => (
              <a key={l.job} href={to(["jobs", l.job])} className="clip">
                {l.job}
              </a>
            ))}
          </div>
          <div>
            <svg viewBox={`0 0 ${width} ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={t("now.lanes")}>
              {[0.25, 0.5, 0.75].map((f) => (
                <line key={f} className={f === 0.5 ? "grid here" : "grid"} x1={f * width} x2={f * width} y1="0" y2={height} />
              ))}
              {lanes.map((l, i) => (
                <g key={l.job}>
                  <line className="lane" x1="0" x2={width} y1={i * 18 + 9} y2={i * 18 + 9} />
                  {l.runs.map((r, k) => {
                    const a = Math.max(from, Date.parse(r.from));
                    const b = r.to ? Date.parse(r.to) : at;
                    if (b < from) return null;
                    return (
                      <rect
                        key={k}
                        className={`fill-${tone(r.outcome)}`}
                        x={x(a)}
                        y={i * 18 + (r.outcome === "failed" ? 2 : 4)}
                        width={Math.max(2, x(b) - x(a))}
                        height={r.outcome === "failed" ? 14 : 10}
                        rx="1"
                      >
                        <title>{`${l.job} · ${stateWord(r.outcome)} · ${absolute(r.from)} · ${span(b - Date.parse(r.from))}`}</title>
                      </rect>
                    );
                  })}
                  {coming.get(l.job)?.map((ms) => (
                    <rect key={ms} className="coming" x={x(ms)} y={i * 18 + 5} width="2" height="8">
                      <title>{`${l.job} · ${absolute(ms)}`}</title>
                    </rect>
                  ))}
                </g>
              ))}
            </svg>
            <div className="axis num" aria-hidden="true">
              {[0, 0.25, 0.5, 0.75, 1].map((f) => (
                <span key={f}>{clock(from + f * 2 * half)}</span>
              ))}
            </div>
          </div>
        </div>
      )}
    </Card>
  );
}

/** Jobs due at each minute of the day: the server counts in UTC, you read your own clock. */
export function shiftLoad(load: number[], offsetMinutes: number): number[] {
  const n = load.length;
  return load.map((_, i) => load[(((i - offsetMinutes) % n) + n) % n]);
}

function Load({ load }: { load: number[] }) {
  const offset = -new Date().getTimezoneOffset();
  const mine = shiftLoad(load, offset);
  const most = Math.max(...mine, 1);
  const label = (m: number) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
  const peaks = mine
    .map((n, m) => ({ n, m }))
    .sort((a, b) => b.n - a.n || a.m - b.m)
    .slice(0, 3);
  const sorted = [...mine].sort((a, b) => a - b);
  const typical = sorted[Math.floor(sorted.length / 2)];
  const crowded = peaks[0].n >= 20 && peaks[0].n > 4 * Math.max(1, typical);
  // Neighbouring minutes share a bar: its height is the fullest of them.
  const bars = Array.from({ length: 288 }, (_, i) => Math.max(...mine.slice(i * 5, i * 5 + 5)));
  return (
    <Card title={t("now.load")} extra={<span className="muted">{ownZone}</span>}>
      <svg className="load" viewBox="0 0 1440 80" height="80" preserveAspectRatio="none" role="img" aria-label={t("now.load")}>
        {bars.map((n, i) => (
          <rect
            key={i}
            className={n === most && crowded ? "fill-warn" : "fill-run"}
            x={i * 5}
            y={80 - (n / most) * 78}
            width="4"
            height={(n / most) * 78}
          >
            <title>{t("now.loadAt", { n: count(n), time: label(i * 5) })}</title>
          </rect>
        ))}
      </svg>
      <div className="axis num" aria-hidden="true">
        {[0, 6, 12, 18, 24].map((h) => (
          <span key={h}>{label(h * 60)}</span>
        ))}
      </div>
      <p className={crowded ? "" : "muted"}>
        {peaks[0].n > 0 && peaks.map((p) => t("now.loadAt", { n: count(p.n), time: label(p.m) })).join(" · ")}
        {crowded && ` – ${t("now.spread")}`}
      </p>
    </Card>
  );
}
