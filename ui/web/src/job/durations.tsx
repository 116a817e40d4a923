// How long the last runs of a job took.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, query, type Run, type RunPage } from "../api";
import { Chart, steps } from "../chart";
import { absolute, isTime, span } from "../format";
import { t } from "../i18n";
import { stateWord } from "../parts";
import { go, to } from "../router";

const most = 80; // runs

export function took(r: Run): number | undefined {
  const a = r.attempts[r.attempts.length - 1];
  if (!a || !isTime(a.running) || !isTime(a.ended)) return undefined;
  return Date.parse(a.ended) - Date.parse(a.running);
}

const outcomes: [outcome: string, tone: string][] = [
  ["succeeded", "good"],
  ["failed", "bad"],
  ["killed", "warn"],
];

/** The durations of runs that are given newest first, drawn oldest first. */
export function Durations({ runs }: { runs: Run[] }) {
  const key = runs.map((r) => r.id).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has ended stays as it is
  const timed = useMemo(() => {
    const list = runs.filter((r) => r.outcome && took(r) !== undefined);
    return list.slice(0, most).reverse();
  }, [key]);
  const x = useMemo(() => timed.map((_, i) => i), [timed]);
  const series = useMemo(
    () =>
      outcomes
        .filter(([o]) => timed.some((r) => r.outcome === o))
        .map(([o, tone]) => ({
          label: stateWord(o),
          tone,
          bars: true,
          values: timed.map((r) => (r.outcome === o ? (took(r) ?? null) : null)),
        })),
    [timed],
  );
  if (timed.length < 2) return null;
  return (
    <Chart
      label={t("run.durations")}
      x={x}
      series={series}
      xText={(i) => (timed[i] ? absolute(timed[i].ended).slice(5, 16) : "")}
      yText={span}
      xSteps={steps.whole}
      ySteps={steps.time}
      xLabel={t("run.ended")}
      height={130}
      pick={(i) => timed[i].id && go(to(["runs", timed[i].id]))}
    />
  );
}

/** The durations of a job's last runs. */
export function LastDurations({ name }: { name: string }) {
  const q = useQuery({
    queryKey: ["jobRuns", name, "durations"],
    queryFn: ({ signal }) => get<RunPage>(`runs${query({ job: name, state: "ended", limit: most })}`, signal),
  });
  return q.data ? <Durations runs={q.data.runs} /> : null;
}
