// The next instants of a schedule: in its zone, in yours, and where a change of clocks matters.
import type { Definition } from "./api";
import { absolute, ownZone, relative } from "./format";
import { type Key, t } from "./i18n";
import { useNow } from "./parts";

export function Slots({ next, zone, skip }: { next: { at: string; dst?: string }[]; zone: string; skip?: string }) {
  const now = useNow();
  if (next.length === 0) return null;
  const both = zone !== ownZone;
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="plain num">
        <thead>
          <tr>
            <th scope="col">{zone}</th>
            {both && <th scope="col">{t("yours", { zone: ownZone })}</th>}
            <th scope="col">
              <span className="hidden">{t("job.in")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {next.map(({ at, dst }) => {
            const skipped = skip !== undefined && Date.parse(skip) === Date.parse(at);
            return (
              <tr key={at} className={skipped ? "struck" : ""}>
                <td>{absolute(at, zone)}</td>
                {both && <td>{absolute(at)}</td>}
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
  );
}

const fields = ["schedule", "scheduleTimeZone", "dstGap", "dstOverlap", "notBefore", "notAfter"];

/** What a preview of a definition's schedule has to know of it. */
export const previewOf = (d: Definition): Definition =>
  Object.fromEntries(fields.filter((f) => typeof d[f] === "string" && d[f] !== "").map((f) => [f, d[f]]));
