// Runs and slots in time, a lane for each job.
import { useState } from "react";
import type { Now } from "../api";
import { absolute, clock, span } from "../format";
import { t } from "../i18n";
import { Card, Empty, stateWord, tone } from "../parts";
import { to } from "../router";

const ranges = [0.25, 1, 6, 24];
const width = 1000;

/** Each job that ran is a lane: its runs in the past, its slots to come. */
export function Lanes({ now }: { now: Now }) {
  const [hours, setHours] = useState(1);
  const at = Date.parse(now.at);
  const half = hours * 3_600_000;
  const from = at - half;
  const x = (ms: number) => ((ms - from) / (2 * half)) * width;
  const coming = (l: Now["lanes"][number]) => l.next.map((text) => Date.parse(text)).filter((ms) => ms < at + half);
  const lanes = now.lanes.filter((l) => l.runs.some((r) => !r.to || Date.parse(r.to) > from) || coming(l).length > 0).slice(0, 40);
  const height = lanes.length * 18;
  return (
    <Card
      title={t("now.lanes")}
      extra={
        <div className="switch" role="group" aria-label={t("now.range")}>
          {ranges.map((h) => (
            <button key={h} type="button" aria-pressed={h === hours} onClick={() => setHours(h)}>
              ±{h < 1 ? `${h * 60} ${t("unit.m")}` : `${h} ${t("unit.h")}`}
            </button>
          ))}
        </div>
      }
    >
      {lanes.length === 0 ? (
        <Empty>{t("now.noLanes")}</Empty>
      ) : (
        <div className="lanes">
          <div className="labels">
            {lanes.map((l) => (
              <a key={l.job} href={to(["jobs", l.job])} className="clip">
                {l.job}
              </a>
            ))}
          </div>
          <div>
            <svg viewBox={`0 0 ${width} ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={t("now.lanes")}>
              {[0.25, 0.5, 0.75].map((f) => (
                <line key={f} className={f === 0.5 ? "grid here" : "grid"} x1={f * width} x2={f * width} y1="0" y2={height} />
              ))}
              {lanes.map((l, i) => (
                <g key={l.job}>
                  <line className="lane" x1="0" x2={width} y1={i * 18 + 9} y2={i * 18 + 9} />
                  {l.runs.map((r, k) => {
                    const a = Math.max(from, Date.parse(r.from));
                    const b = r.to ? Date.parse(r.to) : at;
                    if (b < from) return null;
                    return (
                      <rect
                        key={k}
                        className={`fill-${tone(r.outcome)}`}
                        x={x(a)}
                        y={i * 18 + (r.outcome === "failed" ? 2 : 4)}
                        width={Math.max(2, x(b) - x(a))}
                        height={r.outcome === "failed" ? 14 : 10}
                        rx="1"
                      >
                        <title>{`${l.job} · ${stateWord(r.outcome)} · ${absolute(r.from)} · ${span(b - Date.parse(r.from))}`}</title>
                      </rect>
                    );
                  })}
                  {coming(l).map((ms) => (
                    <rect key={ms} className="coming" x={x(ms)} y={i * 18 + 5} width="2" height="8">
                      <title>{`${l.job} · ${absolute(ms)}`}</title>
                    </rect>
                  ))}
                </g>
              ))}
            </svg>
            <div className="axis num" aria-hidden="true">
              {[0, 0.25, 0.5, 0.75, 1].map((f) => (
                <span key={f}>{clock(from + f * 2 * half)}</span>
              ))}
            </div>
          </div>
        </div>
      )}
    </Card>
  );
}
