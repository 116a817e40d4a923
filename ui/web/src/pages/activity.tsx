// Who ordered what.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AuditPage, get, query } from "../api";
import { Changes } from "../changes";
import { has, type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Card, Empty, Failure, When } from "../parts";
import { to, useParam } from "../router";

/** What may be ordered, in the words of the log. */
const actions = [
  "create",
  "update",
  "delete",
  "pause",
  "resume",
  "run",
  "kill",
  "success",
  "skip",
  "unskip",
  "backfill",
  "cancel-backfill",
];

export function AuditList({ job: one }: { job?: string }) {
  const [action, setAction] = useParam("action");
  const [by, setBy] = useParam("by");
  const [named, setNamed] = useParam("job");
  const job = one ?? named;
  const audit = useInfiniteQuery({
    queryKey: ["audit", job, action, by],
    queryFn: ({ pageParam, signal }) => get<AuditPage>(`audit${query({ job, action, by, cursor: pageParam, limit: 50 })}`, signal),
    initialPageParam: "",
    getNextPageParam: (p) => p.next || undefined,
    refetchInterval: pollTime,
  });
  const list = audit.data?.pages.flatMap((p) => p.entries) ?? [];
  return (
    <Card
      title={t("activity.orders")}
      extra={
        <span className="right filters">
          <label className="field">
            <span>{t("activity.action")}</span>
            <select value={action} onChange={(e) => setAction(e.target.value)}>
              <option value="">{t("view.all")}</option>
              {actions.map((a) => (
                <option key={a} value={a}>
                  {t(`audit.${a}` as Key)}
                </option>
              ))}
            </select>
          </label>
          <Settled label={t("activity.by")} value={by} change={setBy} />
          {one === undefined && <Settled label={t("col.job")} value={named} change={setNamed} />}
        </span>
      }
    >
      <Failure error={audit.error} />
      {audit.isSuccess && list.length === 0 && <Empty>{t(action || by || named ? "activity.noneSuch" : "activity.none")}</Empty>}
      <ol className="audit">
        {list.map((a) => {
          const key = `audit.${a.action}`;
          return (
            <li key={a.id}>
              <div>
                <b>{has(key) ? t(key as Key) : a.action}</b> {a.job && !one && <a href={to(["jobs", a.job])}>{a.job}</a>}
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

/** A text that is looked for once nobody types: Enter, or the next field. */
function Settled({ label, value, change }: { label: string; value: string; change: (text: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <label className="field">
      <span>{label}</span>
      <input
        type="search"
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          if (e.target.value === "") change("");
        }}
        onBlur={() => change(text.trim())}
        onKeyDown={(e) => e.key === "Enter" && change(text.trim())}
        spellCheck={false}
      />
    </label>
  );
}
