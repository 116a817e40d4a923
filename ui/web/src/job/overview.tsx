// What a job waits for, how it is defined, what came of it.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { enc, get, type JobDocument, type Reason } from "../api";
import { count, span } from "../format";
import { type Key, t } from "../i18n";
import { Badge, Card, Failure, JobBadges, Recent, stateWord, When } from "../parts";
import { Reasons } from "../reasons";
import { to } from "../router";
import { Calendar } from "./calendar";
import { Schedule } from "./schedule";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

export function Overview({ doc }: { doc: JobDocument }) {
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
        <Card
          title={t("job.definition")}
          extra={<a href={to(["jobs", doc.name, "definition"])}>{t(doc.may.act ? "act.edit" : "revision.show")}</a>}
        >
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
