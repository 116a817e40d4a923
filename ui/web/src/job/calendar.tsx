// What came of a job, day by day.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { type CalendarDay, type CalendarPage, enc, get } from "../api";
import { count, monthName, weekdays } from "../format";
import { t } from "../i18n";
import { local } from "../instant";
import { Failure } from "../parts";
import { to } from "../router";

const weeks = 53;
const dayMs = 86_400_000;
const look = (d: CalendarDay) => (d.failed ? "bad" : d.missed ? "warn" : d.succeeded ? "good" : "off");
const numbers = ({ succeeded, failed, missed, other }: CalendarDay) => ({
  good: count(succeeded),
  bad: count(failed),
  missed: count(missed),
  other: count(other),
});

/** The days of a year (of UTC, as the server counts them) as squares of a table. A day leads to its runs. */
export function Calendar({ name }: { name: string }) {
  const q = useQuery({
    queryKey: ["jobRuns", name, "calendar"],
    queryFn: ({ signal }) => get<CalendarPage>(`jobs/${enc(name)}/calendar`, signal),
  });
  const box = useRef<HTMLDivElement>(null);
  const days = new Map(q.data?.days.map((d) => [d.day, d]));
  const newest = q.data?.days.at(-1)?.day;
  useEffect(() => {
    if (newest && box.current) box.current.scrollLeft = box.current.scrollWidth;
  }, [newest]);
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const weekday = (new Date(today).getUTCDay() + 6) % 7;
  const at = (week: number, row: number) => today - ((weeks - 1 - week) * 7 + weekday - row) * dayMs;
  const month = (week: number) => new Date(at(week, 6)).getUTCMonth();
  // Of all the squares Tab meets one; the arrows go on from there.
  const move = (e: KeyboardEvent) => {
    const step = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 }[e.key];
    const from = (e.target as HTMLElement).dataset.at;
    if (!step || !from) return;
    e.preventDefault();
    for (let ms = Number(from) + step * dayMs; ms <= today && ms > today - weeks * 7 * dayMs; ms += step * dayMs) {
      const next = box.current?.querySelector<HTMLElement>(`[data-at="${ms}"]`);
      if (next) {
        next.focus();
        return;
      }
    }
  };
  const square = (ms: number) => {
    const key = new Date(ms).toISOString().slice(0, 10);
    const d = days.get(key);
    if (!d) return <span className="day" title={`${key}: ${t("job.dayNone")}`} />;
    const text = `${key}: ${t("job.day", numbers(d))}`;
    return (
      <a
        className={`day ${look(d)}`}
        href={to(["jobs", name, "runs"], { from: local(ms), to: local(ms + dayMs) })}
        title={text}
        tabIndex={key === newest ? 0 : -1}
        data-at={ms}
      >
        <span className="hidden">{text}</span>
      </a>
    );
  };
  return (
    <div className="scroll-x" ref={box}>
      <Failure error={q.error} />
      <table className="calendar" onKeyDown={move}>
        <caption>{t("job.calendar")}</caption>
        <thead>
          <tr>
            <td />
            {Array.from({ length: weeks }, (_, w) => (
              <td key={w} className="month">
                {w > 0 && month(w) !== month(w - 1) && <span>{monthName(month(w))}</span>}
              </td>
            ))}
          </tr>
        </thead>
        <tbody>
          {weekdays().map((word, row) => (
            <tr key={word}>
              <th scope="row">{word}</th>
              {Array.from({ length: weeks }, (_, w) => (
                <td key={w}>{at(w, row) <= today && square(at(w, row))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
