// When a job is due: in words, and the next instants.
import { useQuery } from "@tanstack/react-query";
import { type JobDocument, type Preview, send } from "../api";
import { absolute, ownZone, relative } from "../format";
import { type Key, t } from "../i18n";
import { Card, useNow } from "../parts";

export function Schedule({ doc }: { doc: JobDocument }) {
  const d = doc.definition;
  const now = useNow();
  const body: Record<string, unknown> = { name: doc.name, n: 10 };
  for (const f of ["schedule", "scheduleTimeZone", "dstGap", "dstOverlap", "notBefore", "notAfter"]) if (d[f]) body[f] = d[f];
  if (doc.next[0]) body.from = doc.next[0];
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
      {doc.next.length > 0 && (
        <div className="scroll-x" tabIndex={0}>
          <table className="plain num">
            <thead>
              <tr>
                <th scope="col">{zone}</th>
                {zone !== ownZone && <th scope="col">{t("yours", { zone: ownZone })}</th>}
                <th scope="col">
                  <span className="hidden">{t("job.in")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {doc.next.map((at) => {
                const dst = marks.get(Date.parse(at));
                const skipped = doc.skipNext && Date.parse(doc.skipNext) === Date.parse(at);
                return (
                  <tr key={at} className={skipped ? "struck" : ""}>
                    <td>{absolute(at, zone)}</td>
                    {zone !== ownZone && <td>{absolute(at)}</td>}
                    <td>
                      {relative(at, now)}
                      {dst && <span className="badge warn"> {t(`dst.${dst}` as Key)}</span>}
                      {skipped && <span className="badge off"> {t("job.willSkip")}</span>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
