// How many jobs are due at each minute of the day, and what can be done about it.
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { Chart, steps } from "../chart";
import { count, ownZone } from "../format";
import { t } from "../i18n";
import { Card } from "../parts";
import { useOrders } from "../session";

const Spread = lazy(() => import("./spread"));

const day = 24 * 60;
export const minutes = Array.from({ length: day }, (_, i) => i);

/** By how much your clock is ahead of UTC now. */
export const ahead = () => -new Date().getTimezoneOffset();

/** Jobs due at each minute of the day: the server counts in UTC, you read your own clock. */
export function shiftLoad(load: number[], offsetMinutes: number): number[] {
  const n = load.length;
  return load.map((_, i) => load[(((i - offsetMinutes) % n) + n) % n]);
}

/** A minute of your day in UTC. */
export const inUTC = (mine: number) => (((mine - ahead()) % day) + day) % day;

export const minuteText = (m: number) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;

/** Whether a minute has so many more jobs than others that something should be done about it. */
export function crowded(peak: number, load: number[]): boolean {
  const sorted = [...load].sort((a, b) => a - b);
  return peak >= 20 && peak > 4 * Math.max(1, sorted[sorted.length >> 1]);
}

export function Load({ load }: { load: number[] }) {
  const mine = useMemo(() => shiftLoad(load, ahead()), [load]);
  const [at, setAt] = useState<number>(); // the minute that is to be spread
  const may = useOrders();
  const peaks = mine
    .map((n, m) => ({ n, m }))
    .sort((a, b) => b.n - a.n || a.m - b.m)
    .slice(0, 3)
    .filter((p) => p.n > 0);
  const full = peaks.length > 0 && crowded(peaks[0].n, mine);
  const series = useMemo(() => [{ label: t("nav.jobs"), values: mine, tone: "run" }], [mine]);
  const pick = useCallback((m: number) => mine[m] > 0 && setAt(m), [mine]);
  return (
    <Card title={t("now.load")} extra={<span className="muted">{ownZone}</span>}>
      <div className="load">
        <Chart
          label={t("now.load")}
          x={minutes}
          series={series}
          xText={minuteText}
          yText={count}
          xSteps={steps.minutes}
          ySteps={steps.whole}
          xLabel={t("now.minute")}
          height={150}
          pick={may ? pick : undefined}
          sparse
        />
      </div>
      {peaks.length > 0 && (
        <p className="peaks">
          {peaks.map((p, i) => (
            <span key={p.m} className={full && i === 0 ? "" : "muted"}>
              {t("now.loadAt", { n: count(p.n), time: minuteText(p.m) })}
            </span>
          ))}
          {may && (
            <button type="button" className={full ? "primary" : ""} onClick={() => setAt(peaks[0].m)}>
              {t(full ? "now.spreadThem" : "now.spread", { n: count(peaks[0].n), time: minuteText(peaks[0].m) })}
            </button>
          )}
        </p>
      )}
      {at !== undefined && (
        <Suspense fallback={null}>
          <Spread minute={at} close={() => setAt(undefined)} />
        </Suspense>
      )}
    </Card>
  );
}
