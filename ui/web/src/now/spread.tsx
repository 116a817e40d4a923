// Jobs that are due at one minute come to be due at several: the server
// proposes, people choose, and each move is a change of a definition.
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type BulkAnswer, send } from "../api";
import { Chart, steps } from "../chart";
import { absolute, count } from "../format";
import { type Key, t } from "../i18n";
import { Dialog, Empty, Failure, Loading } from "../parts";
import { to } from "../router";
import { ahead, inUTC, minutes, minuteText, shiftLoad } from "./load";

interface Move {
  job: string;
  revision: number;
  minutes: number;
  before: string;
  after: string;
  scheduleTimeZone?: string;
  notBefore: string;
  next: string;
  later: string;
  due: number[];
}

interface Proposal {
  minute: number;
  due: number;
  before: number[];
  after: number[];
  moves: Move[];
  kept: { job: string; reason: string }[];
}

type Done = Pick<BulkAnswer, "done" | "failed">;

const reach = ["PT5M", "PT15M", "PT30M", "PT59M", "PT2H", "PT6H"];
const piece = 100; // rows that are shown at once

/** The load with these moves alone. */
export function loadWith(p: { before: number[] }, moves: Pick<Move, "due" | "minutes">[]): number[] {
  const out = [...p.before];
  for (const m of moves) {
    for (const at of m.due) {
      out[at]--;
      out[(at + m.minutes) % out.length]++;
    }
  }
  return out;
}

export default function Spread({ minute, close }: { minute: number; close: () => void }) {
  const client = useQueryClient();
  const [within, setWithin] = useState("PT59M");
  const [filter, setFilter] = useState("");
  const [left, setLeft] = useState<Set<string>>(new Set()); // jobs that are not to be moved
  const [done, setDone] = useState<Done>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const q = useQuery({
    queryKey: ["spread", minute, within, filter],
    queryFn: () => send<Proposal>("POST", "spread", { minute: inUTC(minute), within, filter }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false, // what people look at stays as it is
  });
  const p = q.data;
  const wanted = useMemo(() => p?.moves.filter((m) => !left.has(m.job)) ?? [], [p, left]);
  const apply = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const moves = wanted.map((m) => ({ job: m.job, revision: m.revision, minutes: m.minutes }));
      setDone(await send<Done>("POST", "spread/moves", { moves }));
    } catch (e) {
      setError(e);
    }
    setBusy(false);
    void client.invalidateQueries({ predicate: (x) => x.queryKey[0] !== "spread" });
  };
  return (
    <Dialog title={t("spread.title", { time: minuteText(minute) })} open close={close} wide>
      {done ? (
        <Outcome
          done={done}
          close={close}
          again={() => {
            setDone(undefined);
            void q.refetch();
          }}
        />
      ) : (
        <>
          <p>{t("spread.means")}</p>
          <div className="toolbar">
            <label>
              {t("spread.within")}{" "}
              <select value={within} onChange={(e) => setWithin(e.target.value)}>
                {reach.map((r) => (
                  <option key={r} value={r}>
                    {t(`spread.${r}` as Key)}
                  </option>
                ))}
              </select>
            </label>
            <input
              type="search"
              aria-label={t("jobs.filter")}
              placeholder={t("jobs.filterHint")}
              value={filter}
              onChange={(e) => setFilter(e.target.value)}
              spellCheck={false}
            />
          </div>
          <Failure error={q.error ?? error} />
          {p ? <Shown p={p} wanted={wanted} left={left} setLeft={setLeft} /> : !q.error && <Loading />}
          <footer>
            <button type="button" onClick={close}>
              {t("cancel")}
            </button>
            <button type="button" className="primary" disabled={busy || wanted.length === 0 || q.isFetching} onClick={apply}>
              {t("spread.apply", { n: count(wanted.length) })}
            </button>
          </footer>
        </>
      )}
    </Dialog>
  );
}

function Shown({ p, wanted, left, setLeft }: { p: Proposal; wanted: Move[]; left: Set<string>; setLeft: (s: Set<string>) => void }) {
  const after = useMemo(() => loadWith(p, wanted), [p, wanted]);
  const series = useMemo(
    () => [
      { label: t("spread.before"), values: shiftLoad(p.before, ahead()), tone: "warn" },
      { label: t("spread.after"), values: shiftLoad(after, ahead()), tone: "run" },
    ],
    [p, after],
  );
  return (
    <>
      <Chart
        label={t("spread.curve")}
        x={minutes}
        series={series}
        xText={minuteText}
        yText={count}
        xSteps={steps.minutes}
        ySteps={steps.whole}
        xLabel={t("now.minute")}
        height={140}
        sparse
      />
      <p role="status">
        <b>{t("spread.peak", { before: count(Math.max(...p.before)), after: count(Math.max(...after)) })}</b>
      </p>
      {p.moves.length === 0 ? <Empty>{t("spread.none")}</Empty> : <Moves moves={p.moves} left={left} setLeft={setLeft} />}
      <KeptJobs kept={p.kept} />
    </>
  );
}

function Moves({ moves, left, setLeft }: { moves: Move[]; left: Set<string>; setLeft: (s: Set<string>) => void }) {
  const [shown, setShown] = useState(piece);
  const toggle = (name: string) => {
    const next = new Set(left);
    if (!next.delete(name)) next.add(name);
    setLeft(next);
  };
  const all = moves.every((m) => !left.has(m.job));
  return (
    <div className="scroll-x moves" tabIndex={0} role="region" aria-label={t("spread.jobs")}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label={t("spread.all")}
                checked={all}
                onChange={() => setLeft(all ? new Set(moves.map((m) => m.job)) : new Set())}
              />
            </th>
            <th scope="col">{t("col.job")}</th>
            <th scope="col">{t("spread.old")}</th>
            <th scope="col">{t("spread.new")}</th>
            <th scope="col">{t("spread.by")}</th>
            <th scope="col">{t("spread.next")}</th>
          </tr>
        </thead>
        <tbody>
          {moves.slice(0, shown).map((m) => (
            <tr key={m.job}>
              <td>
                <input
                  type="checkbox"
                  aria-label={t("spread.one", { name: m.job })}
                  checked={!left.has(m.job)}
                  onChange={() => toggle(m.job)}
                />
              </td>
              <th scope="row">
                <a href={to(["jobs", m.job])}>{m.job}</a>
              </th>
              <td>
                <code>{m.before}</code> <span className="muted">{m.scheduleTimeZone}</span>
              </td>
              <td>
                <code>{m.after}</code>
              </td>
              <td className="num">{t("spread.minutes", { n: m.minutes })}</td>
              <td className="num">
                <s className="muted">{absolute(m.next)}</s> {absolute(m.later)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown < moves.length && (
        <button type="button" onClick={() => setShown(shown + 10 * piece)}>
          {t("graph.others", { n: count(moves.length - shown) })}
        </button>
      )}
    </div>
  );
}

/** Jobs that are left alone, by reason. */
function KeptJobs({ kept }: { kept: Proposal["kept"] }) {
  const groups = new Map<string, string[]>();
  for (const k of kept) groups.set(k.reason, [...(groups.get(k.reason) ?? []), k.job]);
  if (groups.size === 0) return null;
  return (
    <details>
      <summary>{t("spread.kept", { n: count(kept.length) })}</summary>
      <dl>
        {[...groups].map(([reason, jobs]) => (
          <div key={reason}>
            <dt>{t(`kept.${reason}` as Key)}</dt>
            <dd>{jobs.slice(0, 30).join(", ") + (jobs.length > 30 ? ` … (${count(jobs.length)})` : "")}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Outcome({ done, again, close }: { done: Done; again: () => void; close: () => void }) {
  return (
    <>
      <p role="status">{t("spread.done", { n: count(done.done) })}</p>
      {done.failed.length > 0 && (
        <>
          <p>{t("spread.failed", { n: count(done.failed.length) })}</p>
          <ul className="failed short" tabIndex={0}>
            {done.failed.map((f) => (
              <li key={f.name}>
                <a href={to(["jobs", f.name])}>{f.name}</a>: {f.detail}
              </li>
            ))}
          </ul>
        </>
      )}
      <footer>
        {done.failed.length > 0 && (
          <button type="button" onClick={again}>
            {t("spread.again")}
          </button>
        )}
        <button type="button" className="primary" onClick={close}>
          {t("close")}
        </button>
      </footer>
    </>
  );
}
