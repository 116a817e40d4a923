// One job: what it does next and why, what it did, how it is defined, who changed it.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { getJob } from "../api";
import { has, type Key, t } from "../i18n";
import { Actions } from "../job/actions";
import { Overview } from "../job/overview";
import { Paused } from "../job/paused";
import { Revisions } from "../job/revisions";
import { Runs } from "../job/runs";
import { pollTime } from "../live";
import { Failure, JobBadges, Loading, Shape } from "../parts";
import { to } from "../router";
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
      {doc && <Paused doc={doc} />}
      {doc && !doc.may.act && (
        <p className="notice">
          <Shape of="disabled" /> {t("may.not", { reason: doc.may.reason ?? "" })}
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
              {tab === "revisions" && <Revisions name={name} current={doc.revision} definition={doc.definition} may={doc.may} />}
              {tab === "activity" && <AuditList job={name} />}
            </Suspense>
          )
        )}
      </div>
    </div>
  );
}
