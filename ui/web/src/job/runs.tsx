// The runs of a job.
import { useInfiniteQuery } from "@tanstack/react-query";
import { get, query, type Run, type RunPage } from "../api";
import { absolute, count, isTime, span } from "../format";
import { type Key, t } from "../i18n";
import { InstantBox, instant } from "../instant";
import { pollTime } from "../live";
import { Badge, Card, Empty, Failure, stateWord, When } from "../parts";
import { to, useParam } from "../router";
import { Durations, took } from "./durations";

function RunTable({ runs }: { runs: Run[] }) {
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">{t("col.state")}</th>
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
const open = "waiting,queued,deferred,retrying,staging,running,awaiting,ending";

export function Runs({ name }: { name: string }) {
  const [show, setShow] = useParam("show"); // "open", or an outcome
  const [from, setFrom] = useParam("from");
  const [until, setUntil] = useParam("to");
  const outcome = show === "open" ? "" : show;
  const runs = useInfiniteQuery({
    queryKey: ["jobRuns", name, show, from, until],
    queryFn: ({ pageParam, signal }) =>
      get<RunPage>(
        `runs${query({
          job: name,
          outcome,
          from: instant(from),
          to: pageParam || instant(until),
          state: show === "open" ? open : pageParam || outcome ? "ended" : undefined,
          limit: 100,
        })}`,
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
        <span className="right filters">
          <label className="field">
            <span>{t("col.state")}</span>
            <select value={show} onChange={(e) => setShow(e.target.value)}>
              <option value="">{t("view.all")}</option>
              <option value="open">{t("run.open")}</option>
              {outcomes.map((o) => (
                <option key={o} value={o}>
                  {stateWord(o)}
                </option>
              ))}
            </select>
          </label>
          <InstantBox label={t("from")} value={from} change={setFrom} />
          <InstantBox label={t("until")} value={until} change={setUntil} />
        </span>
      }
    >
      <Failure error={runs.error} />
      <Durations runs={list} />
      {list.length > 0 ? (
        <RunTable runs={list} />
      ) : (
        runs.isSuccess && <Empty>{t(show || from || until ? "run.noneSuch" : "run.none")}</Empty>
      )}
      {runs.hasNextPage && (
        <button type="button" onClick={() => runs.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </Card>
  );
}
