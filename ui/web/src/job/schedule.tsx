// When a job is due: in words, and the next instants.
import { useQuery } from "@tanstack/react-query";
import { type JobDocument, type Preview, send } from "../api";
import { t } from "../i18n";
import { Card } from "../parts";
import { previewOf, Slots } from "../slots";

export function Schedule({ doc }: { doc: JobDocument }) {
  const d = doc.definition;
  const body = { ...previewOf(d), name: doc.name, n: 10, from: doc.next[0] };
  const preview = useQuery({ queryKey: ["preview", JSON.stringify(body)], queryFn: () => send<Preview>("POST", "schedule/preview", body) });
  const zone = (d.scheduleTimeZone as string) || "UTC";
  const marks = new Map(preview.data?.next.map((s) => [Date.parse(s.at), s.dst]));
  return (
    <Card title={t("job.schedule")}>
      <p>
        <code>{doc.row.schedule}</code> <span className="muted">{zone}</span>
        {preview.data?.words && (
          <>
            <br />
            {preview.data.words}
          </>
        )}
      </p>
      {doc.row.disabled && <p className="muted">{t("job.noNext")}</p>}
      <Slots next={doc.next.map((at) => ({ at, dst: marks.get(Date.parse(at)) }))} zone={zone} skip={doc.skipNext} />
    </Card>
  );
}
