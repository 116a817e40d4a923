// Draws a chart with uPlot: values under the pointer, a part of it by dragging.
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { t } from "./i18n";
import { useShownTheme } from "./theme";

export interface Series {
  label: string;
  values: (number | null)[];
  tone: string; // a colour of the theme
  bars?: boolean;
}

export interface PlotProps {
  label: string;
  x: number[];
  series: Series[];
  xText: (x: number) => string;
  yText: (y: number) => string;
  xSteps: number[];
  ySteps: number[];
  height?: number;
  /** What a click, or Enter, on a value does. */
  pick?: (i: number) => void;
}

const axisSpace = 64;

export default function Plot(props: PlotProps) {
  const { label, x, series, xText, yText, height = 160, pick } = props;
  const theme = useShownTheme();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number>();
  const [zoomed, setZoomed] = useState(false);
  const latest = useRef(props);
  latest.current = props;
  const shape = series.map((s) => `${s.label} ${s.tone} ${s.bars}`).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: data comes below; it is made anew for another theme, or other series
  useEffect(() => {
    const div = box.current;
    if (!div) return;
    const u = new uPlot(options(latest.current, div, setAt, setZoomed), data(latest.current), div);
    plot.current = u;
    const watch = new ResizeObserver(() => div.clientWidth > 0 && u.setSize({ width: div.clientWidth, height }));
    watch.observe(div);
    return () => {
      watch.disconnect();
      u.destroy();
      plot.current = undefined;
    };
  }, [theme, shape, height]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is about the data alone
  useEffect(() => {
    plot.current?.setData(data(latest.current), !zoomed);
  }, [x, series]);

  const press = (e: KeyboardEvent) => {
    const u = plot.current;
    if (!u || x.length === 0) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60, Home: -x.length, End: x.length }[e.key];
    if (step !== undefined) {
      e.preventDefault();
      const next = Math.min(x.length - 1, Math.max(0, (at ?? (step > 0 ? -1 : x.length)) + step));
      u.setCursor({ left: u.valToPos(x[next], "x"), top: 1 });
      setAt(next);
    } else if (e.key === "Enter" && at !== undefined) pick?.(at);
  };
  const named = series.filter((s) => at !== undefined && s.values[at] !== null && s.values[at] !== undefined);
  return (
    <div className="plot">
      <div
        ref={box}
        className={pick ? "canvas pickable" : "canvas"}
        role="application"
        aria-label={label}
        aria-roledescription={t("chart")}
        tabIndex={0}
        onKeyDown={press}
        onClick={() => at !== undefined && pick?.(at)}
      />
      <figcaption>
        {series.length > 1 &&
          series.map((s) => (
            <span key={s.label} className="key">
              <i className={`key-${s.tone}`} /> {s.label}
            </span>
          ))}
        <span className="num" role="status">
          {at === undefined
            ? t("chart.hint")
            : `${xText(x[at])}: ${named.map((s) => `${series.length > 1 ? `${s.label} ` : ""}${yText(s.values[at] as number)}`).join(", ")}`}
        </span>
        {zoomed && (
          <button
            type="button"
            onClick={() => {
              plot.current?.setData(data(latest.current), true);
              setZoomed(false);
            }}
          >
            {t("chart.all")}
          </button>
        )}
      </figcaption>
    </div>
  );
}

const data = (p: PlotProps): uPlot.AlignedData => [p.x, ...p.series.map((s) => s.values)];

function options(p: PlotProps, div: HTMLElement, setAt: (i?: number) => void, setZoomed: (z: boolean) => void): uPlot.Options {
  const style = getComputedStyle(div);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const [first, last] = [p.x[0] ?? 0, p.x[p.x.length - 1] ?? 1];
  const bars = uPlot.paths.bars?.({ size: [0.8, 24, 1] });
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis = {
    stroke: colour("muted"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: Math.max(100, div.clientWidth),
    height: p.height ?? 160,
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: true }, points: { show: false } },
    padding: [8, 24, 0, 0],
    scales: {
      x: { time: false, range: (_u, min, max) => (p.series.some((s) => s.bars) ? [min - 0.6, max + 0.6] : [min, max]) },
      y: { range: (_u, _min, max) => [0, Math.max(1, (max ?? 1) * 1.08)] },
    },
    axes: [
      { ...axis, incrs: p.xSteps, size: 28, space: 80, values: (_u, ticks) => ticks.map((v) => (v < first || v > last ? "" : p.xText(v))) },
      { ...axis, incrs: p.ySteps, size: axisSpace, values: (_u, ticks) => ticks.map((v) => p.yText(v)) },
    ],
    series: [
      {},
      ...p.series.map((s) => ({
        label: s.label,
        stroke: colour(s.tone),
        fill: s.bars ? colour(s.tone) : `color-mix(in srgb, ${colour(s.tone)} 25%, transparent)`,
        width: s.bars ? 0 : 1.5,
        paths: s.bars ? bars : stepped,
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [(u) => setAt(u.cursor.idx ?? undefined)],
      setScale: [
        (u, key) => {
          if (key === "x") setZoomed((u.scales.x.min ?? first) > first + 0.1 || (u.scales.x.max ?? last) < last - 0.1);
        },
      ],
    },
  };
}
