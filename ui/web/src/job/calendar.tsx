// What came of a job, day by day.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { get, query, type RunPage } from "../api";
import { absolute, isTime } from "../format";
import { t } from "../i18n";

const weeks = 16;

/** Days as squares: how many runs ended that day, and how. */
export function Calendar({ name }: { name: string }) {
  const runs = useQuery({
    queryKey: ["jobRuns", name, "calendar"],
    queryFn: ({ signal }) => get<RunPage>(`runs${query({ job: name, state: "ended", limit: 1000 })}`, signal),
    staleTime: 30_000,
  });
  const days = new Map<string, { good: number; bad: number; other: number }>();
  const dayOf = (ms: number) => absolute(ms).slice(0, 10);
  for (const r of runs.data?.runs ?? []) {
    const key = dayOf(Date.parse(isTime(r.ended) ? r.ended : r.created));
    const d = days.get(key) ?? { good: 0, bad: 0, other: 0 };
    if (r.outcome === "succeeded") d.good += r.count;
    else if (r.outcome === "failed") d.bad += r.count;
    else d.other += r.count;
    days.set(key, d);
  }
  const today = new Date();
  const weekday = (today.getDay() + 6) % 7;
  const cells: ReactNode[] = [];
  for (let i = 0; i < weeks * 7; i++) {
    const back = (weeks - 1) * 7 + weekday - i;
    if (back < 0) break;
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - back, 12);
    const key = dayOf(day.getTime());
    const d = days.get(key);
    const look = !d ? "none" : d.bad ? "bad" : d.good ? "good" : "warn";
    cells.push(
      <rect key={key} className={`day fill-${look}`} x={Math.floor(i / 7) * 14} y={(i % 7) * 14} width="12" height="12" rx="2">
        <title>{`${key}: ${d ? t("job.day", { good: d.good, bad: d.bad, other: d.other }) : t("job.dayNone")}`}</title>
      </rect>,
    );
  }
  return (
    <figure className="calendar">
      <svg width={weeks * 14} height={98} role="img" aria-label={t("job.calendar")}>
        {cells}
      </svg>
      <figcaption className="muted">{t("job.calendar")}</figcaption>
    </figure>
  );
}
