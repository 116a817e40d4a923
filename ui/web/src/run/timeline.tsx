// What a run did when: queued, its attempts offered, staging and running, its end.
import type { Run } from "../api";
import { steps } from "../chart";
import { absolute, clock, isTime, span } from "../format";
import { type Key, t } from "../i18n";
import { stateWord, useNow } from "../parts";
import { outcomeOf } from "./attempts";

interface Phase {
  kind: "queued" | "between" | "staging" | "running";
  from: number;
  to: number;
  attempt?: number;
  outcome?: string;
}

/** Queued, then each attempt's staging and running, with the time between two attempts. */
export function phases(run: Run, now: number): Phase[] {
  const out: Phase[] = [];
  let at = Date.parse(run.created);
  let kind: Phase["kind"] = "queued";
  for (const a of run.attempts) {
    const launched = Date.parse(a.launched);
    const end = isTime(a.ended) ? Date.parse(a.ended) : now;
    if (launched > at) out.push({ kind, from: at, to: launched });
    const began = isTime(a.running) ? Date.parse(a.running) : end;
    out.push({ kind: "staging", from: launched, to: began, attempt: a.number });
    if (isTime(a.running)) out.push({ kind: "running", from: began, to: end, attempt: a.number, outcome: outcomeOf(a) });
    at = end;
    kind = "between";
  }
  const end = isTime(run.ended) ? Date.parse(run.ended) : now;
  if (end > at && (run.attempts.length === 0 || isTime(run.attempts[run.attempts.length - 1].ended))) out.push({ kind, from: at, to: end });
  return out;
}

/** Round lengths of time within a length of time, 0 first: some, not many. */
export function roundTicks(length: number, most = 6): number[] {
  const days = Array.from({ length: 12 }, (_, i) => 86_400_000 * 2 ** i);
  const step = [...steps.time, ...days].find((s) => length / s <= most) ?? length;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
}

const rowHeight = 22;

export function TimeLine({ run, picked, pick }: { run: Run; picked?: number; pick: (n: number) => void }) {
  const now = useNow();
  const list = phases(run, now);
  const from = Date.parse(run.created);
  const end = Math.max(from + 50, ...list.map((p) => p.to));
  const x = (ms: number) => ((ms - from) / (end - from)) * 1000;
  const rows = Math.max(1, run.attempts.length);
  const height = rows * rowHeight + 4;
  const ticks = roundTicks(end - from);
  const word = (p: Phase) => (p.kind === "running" ? stateWord(p.outcome ?? "running") : t(`phase.${p.kind}` as Key));
  const shown = new Set(list.map((p) => (p.kind === "running" ? (p.outcome ?? "running") : p.kind)));
  return (
    <figure className="timeline">
      <svg viewBox={`0 0 1000 ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={t("run.timeline")}>
        {ticks.map((ms) => (
          <line key={ms} className="grid" x1={x(from + ms)} x2={x(from + ms)} y1="0" y2={height} />
        ))}
        {list.map((p, i) => {
          const row = Math.max(
            0,
            run.attempts.findIndex((a) => (p.attempt === undefined ? Date.parse(a.launched) >= p.to : a.number === p.attempt)),
          );
          const waits = p.kind === "queued" || p.kind === "between";
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table below does the same for the keyboard
            <rect
              key={i}
              className={p.kind === "running" ? `bar ${p.outcome} ${p.attempt === picked && rows > 1 ? "picked" : ""}` : `bar ${p.kind}`}
              x={x(p.from)}
              y={row * rowHeight + (waits ? 10 : 4)}
              width={Math.max(2, x(p.to) - x(p.from))}
              height={waits ? 4 : 16}
              onMouseDown={() => p.attempt !== undefined && pick(p.attempt)}
            >
              <title>{`${word(p)}: ${absolute(p.from)}, ${span(p.to - p.from)}`}</title>
            </rect>
          );
        })}
        {run.attempts.map((a, i) => (
          <g key={a.number}>
            <line
              className="offered"
              x1={x(Date.parse(a.launched))}
              x2={x(Date.parse(a.launched))}
              y1={i * rowHeight + 1}
              y2={i * rowHeight + 23}
            >
              <title>{`${t("run.offered")}: ${absolute(a.launched)}, ${a.host ?? ""}`}</title>
            </line>
            {isTime(a.ended) && (
              <line
                className="ended"
                x1={x(Date.parse(a.ended))}
                x2={x(Date.parse(a.ended))}
                y1={i * rowHeight + 1}
                y2={i * rowHeight + 23}
              >
                <title>{`${t("run.ended")}: ${absolute(a.ended)}`}</title>
              </line>
            )}
          </g>
        ))}
      </svg>
      <div className="ticks num" aria-hidden="true">
        {ticks.map((ms) => (
          <span key={ms} className={ms === 0 ? "first" : x(from + ms) > 930 ? "last" : ""} style={{ left: `${x(from + ms) / 10}%` }}>
            {ms === 0 ? clock(from) : `+${ms % 1000 === 0 && ms < 10_000 ? `${ms / 1000} ${t("unit.s")}` : span(ms)}`}
          </span>
        ))}
      </div>
      <figcaption className="legend">
        {["queued", "between", "staging"]
          .filter((k) => shown.has(k))
          .map((k) => (
            <span key={k}>
              <i className={k} /> {t(`phase.${k}` as Key)}
            </span>
          ))}
        {run.attempts.length > 0 && (
          <span>
            <i className="offered" /> {t("run.offered")}
          </span>
        )}
        {["running", "succeeded", "failed", "killed"]
          .filter((o) => shown.has(o))
          .map((o) => (
            <span key={o}>
              <i className={o} /> {stateWord(o)}
            </span>
          ))}
      </figcaption>
    </figure>
  );
}
