// What a job waits for, how it is defined, what came of it.
import { useQuery } from "@tanstack/react-query";
import { enc, get, type JobDocument, type Reason } from "../api";
import { count, span } from "../format";
import { t } from "../i18n";
import { Badge, Card, Failure, JobBadges, Recent, stateWord } from "../parts";
import { Reasons } from "../reasons";
import { to } from "../router";
import { Calendar } from "./calendar";
import { LastDurations } from "./durations";
import { Facts } from "./facts";
import { Schedule } from "./schedule";

export function Overview({ doc }: { doc: JobDocument }) {
  const why = useQuery({
    queryKey: ["explain", doc.name],
    queryFn: ({ signal }) => get<{ reasons: Reason[] }>(`jobs/${enc(doc.name)}/explain`, signal),
    refetchInterval: 5000,
  });
  return (
    <div className="columns">
      <div>
        <Card title={t("job.now")}>
          <Failure error={why.error} />
          {why.data && <Reasons of={why.data.reasons} none={t("job.nothing")} />}
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
        <Facts doc={doc} />
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
          <LastDurations name={doc.name} />
          <Calendar name={doc.name} />
        </Card>
      </div>
    </div>
  );
}
