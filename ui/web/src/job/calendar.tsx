// What came of a job, day by day.
import { useQuery } from "@tanstack/react-query";
import { get, query, type RunPage } from "../api";
import { absolute, isTime, weekdays } from "../format";
import { t } from "../i18n";
import { to } from "../router";

const weeks = 16;

interface Day {
  good: number;
  bad: number;
  other: number;
}

const dayOf = (ms: number) => absolute(ms).slice(0, 10);
const look = (d: Day) => (d.bad ? "bad" : d.good ? "good" : "warn");

/** Days as squares of a table: how many runs ended that day, and how. A day leads to its runs. */
export function Calendar({ name }: { name: string }) {
  const runs = useQuery({
    queryKey: ["jobRuns", name, "calendar"],
    queryFn: ({ signal }) => get<RunPage>(`runs${query({ job: name, state: "ended", limit: 1000 })}`, signal),
    staleTime: 30_000,
  });
  const days = new Map<string, Day>();
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
  const at = (week: number, row: number) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() - ((weeks - 1 - week) * 7 + weekday - row), 12);
  return (
    <div className="scroll-x">
      <table className="calendar">
        <caption>{t("job.calendar")}</caption>
        <tbody>
          {weekdays().map((word, row) => (
            <tr key={word}>
              <th scope="row">{word}</th>
              {Array.from({ length: weeks }, (_, week) => {
                const day = at(week, row);
                if (day.getTime() > today.getTime() + 86_400_000 / 2 && dayOf(day.getTime()) > dayOf(today.getTime()))
                  return <td key={week} />;
                const key = dayOf(day.getTime());
                const d = days.get(key);
                const text = `${key}: ${d ? t("job.day", { good: d.good, bad: d.bad, other: d.other }) : t("job.dayNone")}`;
                return (
                  <td key={week} title={text}>
                    {d ? (
                      <a
                        className={`day ${look(d)}`}
                        href={to(["jobs", name, "runs"], { from: `${key}T00:00`, to: `${dayOf(day.getTime() + 86_400_000)}T00:00` })}
                      >
                        <span className="hidden">{text}</span>
                      </a>
                    ) : (
                      <span className="day" />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
