// A chart: drawn when it is needed, and the same as a table for those who do not see it.
import { lazy, Suspense, useState } from "react";
import { t } from "./i18n";
import type { PlotProps } from "./plot";

const Plot = lazy(() => import("./plot"));

export type { Series } from "./plot";

/** Steps of an axis that people count by. */
export const steps = {
  /** Minutes. */
  minutes: [1, 5, 10, 15, 30, 60, 120, 180, 240, 360],
  /** Milliseconds. */
  time: [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((s) => s * 1000),
  ],
  whole: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
};

interface Props extends PlotProps {
  /** Name of the first column of the table. */
  xLabel: string;
  /** Rows of which all values are 0 are left out of it. */
  sparse?: boolean;
}

export function Chart({ xLabel, sparse, ...plot }: Props) {
  const [open, setOpen] = useState(false);
  const { x, series, height = 160 } = plot;
  const rows = x.flatMap((at, i) => (sparse && series.every((s) => !s.values[i]) ? [] : [{ at, i }]));
  return (
    <figure className="chart">
      <Suspense fallback={<div style={{ height: height + 24 }} />}>
        <Plot {...plot} />
      </Suspense>
      <details onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>{t("graph.table")}</summary>
        {open && (
          <div className="scroll-x short" tabIndex={0} role="region" aria-label={plot.label}>
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">{xLabel}</th>
                  {series.map((s) => (
                    <th key={s.label} scope="col">
                      {s.label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map(({ at, i }) => (
                  <tr key={at}>
                    <th scope="row" className="num">
                      {plot.xText(at)}
                    </th>
                    {series.map((s) => (
                      <td key={s.label} className="num">
                        {s.values[i] === null ? "–" : plot.yText(s.values[i])}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </details>
    </figure>
  );
}
