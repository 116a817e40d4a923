// That a job is paused: why, by whom, since when.
import { useQuery } from "@tanstack/react-query";
import { type AuditPage, get, type JobDocument, query } from "../api";
import { t } from "../i18n";
import { Shape, When } from "../parts";

export function Paused({ doc }: { doc: JobDocument }) {
  const audit = useQuery({
    queryKey: ["audit", doc.name, "pause"],
    queryFn: ({ signal }) => get<AuditPage>(`audit${query({ job: doc.name, action: "pause", limit: 1 })}`, signal),
    enabled: doc.row.disabled,
  });
  if (!doc.row.disabled) return null;
  const { reason } = doc.row;
  const order = audit.data?.entries[0];
  return (
    <p className="notice">
      <Shape of="disabled" /> {reason ? t("job.pausedBecause", { reason }) : t("job.paused")}
      {order && (order.detail ?? "") === (reason ?? "") && (
        <span className="muted">
          {[order.by, order.from].filter(Boolean).join(" · ")} <When at={order.at} full />
        </span>
      )}
    </p>
  );
}
