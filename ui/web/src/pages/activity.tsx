// Who ordered what.
import { useInfiniteQuery } from "@tanstack/react-query";
import { type AuditPage, get, query } from "../api";
import { Changes } from "../changes";
import { has, type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Card, Empty, Failure, When } from "../parts";
import { to } from "../router";

export function AuditList({ job }: { job?: string }) {
  const audit = useInfiniteQuery({
    queryKey: ["audit", job ?? ""],
    queryFn: ({ pageParam, signal }) => get<AuditPage>(`audit${query({ job, cursor: pageParam, limit: 50 })}`, signal),
    initialPageParam: "",
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: pollTime,
  });
  const list = audit.data?.pages.flatMap((p) => p.entries) ?? [];
  return (
    <Card title={t("activity.orders")}>
      <Failure error={audit.error} />
      {audit.isSuccess && list.length === 0 && <Empty>{t("activity.none")}</Empty>}
      <ol className="audit">
        {list.map((a) => {
          const key = `audit.${a.action}`;
          return (
            <li key={a.id}>
              <div>
                <b>{has(key) ? t(key as Key) : a.action}</b> {a.job && !job && <a href={to(["jobs", a.job])}>{a.job}</a>}
                {a.run && (
                  <>
                    {" "}
                    <a href={to(["runs", a.run])}>{t("run.id", { id: a.run })}</a>
                  </>
                )}
                {a.revision ? <span className="muted"> {t("revision.n", { n: a.revision })}</span> : null}
                {a.detail && <span> · {a.detail}</span>}
                <span className="by muted">
                  {[a.by, a.from].filter(Boolean).join(" · ")} <When at={a.at} full />
                </span>
              </div>
              {a.changes && <Changes changes={a.changes} />}
            </li>
          );
        })}
      </ol>
      {audit.hasNextPage && (
        <button type="button" onClick={() => audit.fetchNextPage()}>
          {t("more")}
        </button>
      )}
    </Card>
  );
}

export function Activity() {
  return (
    <div className="page">
      <h1>{t("nav.activity")}</h1>
      <AuditList />
    </div>
  );
}
