// All jobs: a list of any length, of which only what is seen is asked for.
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useDeferredValue, useEffect, useRef, useState } from "react";
import { type BulkAnswer, get, type JobPage, type JobRow, Problem, query, send } from "../api";
import { absolute, count, ownZone, span } from "../format";
import { type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Dialog, Empty, Failure, JobBadges, Menu, Recent, say, stateWord, When } from "../parts";
import { go, to, useParam } from "../router";
import { useOrders } from "../session";
import { remember, remembered } from "../theme";

const pageSize = 100;
const fields =
  "name,kind,schedule,scheduleTimeZone,parents,trigger,description,owner,runAsUser,retries,state,failing,late,disabled,reason,highPriority,next,last,recent,errorsSinceLastSuccess,successCount,errorCount,running";

interface Column {
  id: string;
  key: Key;
  sort?: string;
  width: string;
  base: boolean; // shown until somebody chooses
  cell: (r: JobRow) => ReactNode;
}

export function scheduleText(r: Pick<JobRow, "schedule" | "trigger" | "parents">): string {
  return r.schedule ?? r.trigger ?? (r.parents ?? []).join(" && ");
}

const columns: Column[] = [
  { id: "state", key: "col.state", sort: "state", width: "7.5rem", base: true, cell: (r) => <JobBadges row={r} /> },
  {
    id: "when",
    key: "col.when",
    width: "minmax(8rem, 1.3fr)",
    base: true,
    cell: (r) => (
      <span className={r.schedule ? "mono clip" : "clip"} title={scheduleText(r)}>
        {!r.schedule && <span className="muted">{t("after")} </span>}
        {scheduleText(r)}
      </span>
    ),
  },
  { id: "recent", key: "col.recent", width: "6rem", base: true, cell: (r) => <Recent outcomes={r.recent.slice(-12)} /> },
  {
    id: "last",
    key: "col.last",
    sort: "last",
    width: "5.2rem",
    base: true,
    cell: (r) => (r.last ? <When at={r.last.ended} zone={r.scheduleTimeZone} /> : <span className="muted">{t("never")}</span>),
  },
  {
    id: "duration",
    key: "col.duration",
    sort: "duration",
    width: "4.6rem",
    base: true,
    cell: (r) => <span className="num">{r.last?.durationMs === undefined ? "–" : span(r.last.durationMs)}</span>,
  },
  {
    id: "next",
    key: "col.next",
    sort: "next",
    width: "11.5rem",
    base: true,
    cell: (r) =>
      r.next ? (
        <span className="two">
          <span className="num">
            {absolute(r.next, r.scheduleTimeZone || "UTC")
              .slice(5)
              .replace(/:00$/, "")}
          </span>{" "}
          <When at={r.next} zone={r.scheduleTimeZone || "UTC"} />
        </span>
      ) : (
        <span className="muted">–</span>
      ),
  },
  {
    id: "owner",
    key: "col.owner",
    sort: "owner",
    width: "minmax(6.5rem, .8fr)",
    base: true,
    cell: (r) => <span className="clip">{r.owner}</span>,
  },
  { id: "user", key: "col.user", width: "4.5rem", base: true, cell: (r) => <span className="clip">{r.runAsUser}</span> },
  { id: "zone", key: "col.zone", width: "8rem", base: false, cell: (r) => <span className="clip">{r.scheduleTimeZone || "UTC"}</span> },
  { id: "retries", key: "col.retries", width: "5rem", base: false, cell: (r) => <span className="num">{r.retries}</span> },
  {
    id: "failures",
    key: "col.failures",
    sort: "failures",
    width: "6rem",
    base: false,
    cell: (r) => <span className="num">{r.errorsSinceLastSuccess}</span>,
  },
  {
    id: "host",
    key: "col.host",
    width: "9rem",
    base: false,
    cell: (r) => <span className="clip">{r.running?.map((x) => x.host).join(", ")}</span>,
  },
  {
    id: "description",
    key: "col.description",
    width: "minmax(8rem, 1fr)",
    base: false,
    cell: (r) => <span className="clip">{r.description}</span>,
  },
];

const views: [Key, string][] = [
  ["view.all", ""],
  ["view.failing", "state:failing"],
  ["view.running", "state:running"],
  ["view.waiting", "state:queued,waiting,retrying"],
  ["view.late", "state:late"],
  ["view.paused", "disabled:yes"],
  ["view.soon", "next<1h"],
];

/** A term of the filter language: quoted if it has to be. */
export function term(field: string, value: string): string {
  return `${field}:${/^[\w.@/+-]+$/.test(value) ? value : `"${value.replaceAll('"', "")}"`}`;
}

export function toggleTerm(q: string, wanted: string): string {
  const at = ` ${q} `.indexOf(` ${wanted} `);
  if (at >= 0) return (q.slice(0, at) + q.slice(at + wanted.length)).replace(/\s+/g, " ").trim();
  return `${q} ${wanted}`.trim();
}

const words = [
  ..."state:failing state:running state:queued state:waiting state:retrying state:late state:disabled state:idle".split(" "),
  ..."kind:cron kind:iso kind:once kind:dependent disabled:yes priority:high next<1h next<1d last<1h last>7d failures>=3 duration>10m".split(
    " ",
  ),
  ..."name: owner: user: host: parent: zone: command: schedule: retries>0".split(" "),
];

function Filter({ q, setQ, facets }: { q: string; setQ: (q: string) => void; facets?: JobPage["facets"] }) {
  const [text, setText] = useState(q);
  const sent = useRef(q);
  useEffect(() => {
    if (q !== sent.current) {
      sent.current = q;
      setText(q);
    }
  }, [q]);
  useEffect(() => {
    const timer = window.setTimeout(() => {
      if (text !== sent.current) {
        sent.current = text;
        setQ(text);
      }
    }, 150);
    return () => window.clearTimeout(timer);
  }, [text, setQ]);
  const space = text.lastIndexOf(" ") + 1;
  const head = text.slice(0, space);
  const last = text.slice(space).toLowerCase();
  const all = [...words];
  for (const [f, counts] of Object.entries(facets ?? {}))
    if (f === "owner" || f === "user") for (const v of Object.keys(counts)) v && all.push(term(f, v));
  const fitting = last ? all.filter((w) => w.startsWith(last) && w !== last).slice(0, 12) : [];
  return (
    <>
      <input
        data-filter
        type="search"
        list="filter-words"
        className="filter"
        aria-label={t("jobs.filter")}
        placeholder={t("jobs.filterHint")}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => e.key === "Escape" && (e.target as HTMLInputElement).blur()}
      />
      <datalist id="filter-words">
        {fitting.map((w) => (
          <option key={w} value={head + w} />
        ))}
      </datalist>
    </>
  );
}

const facetFields: [string, Key][] = [
  ["state", "col.state"],
  ["kind", "col.kind"],
  ["owner", "col.owner"],
  ["user", "col.user"],
];

function Facets({ q, setQ, facets }: { q: string; setQ: (q: string) => void; facets?: JobPage["facets"] }) {
  return (
    <aside className="facets" aria-label={t("jobs.facets")}>
      {facetFields.map(([field, key]) => {
        const values = Object.entries(facets?.[field] ?? {}).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
        if (values.length === 0) return null;
        return (
          <section key={field}>
            <h2>{t(key)}</h2>
            <ul>
              {values.slice(0, 12).map(([value, n]) => {
                const wanted = value ? term(field, value) : "";
                const on = wanted !== "" && ` ${q} `.includes(` ${wanted} `);
                const label = field === "state" ? stateWord(value) : field === "kind" ? t(`kind.${value}` as Key) : value || t("none");
                return (
                  <li key={value}>
                    <button type="button" aria-pressed={on} disabled={!wanted} onClick={() => setQ(toggleTerm(q, wanted))}>
                      <span className="clip">{label}</span>
                      <span className="num">{count(n)}</span>
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </aside>
  );
}

const actions = ["pause", "resume", "run", "kill", "delete"] as const;

function Bulk({ action, q, close }: { action: (typeof actions)[number] | null; q: string; close: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const preview = useQuery({
    queryKey: ["bulk", action, q],
    queryFn: () => send<BulkAnswer>("POST", "jobs/bulk", { filter: q, action, dryRun: true }),
    enabled: action !== null,
    staleTime: 0,
    gcTime: 0,
  });
  if (!action) return null;
  const n = preview.data?.matched ?? 0;
  const act = async () => {
    setBusy(true);
    try {
      const a = await send<BulkAnswer>("POST", "jobs/bulk", { filter: q, action, reason: reason || undefined, expect: n });
      say(
        a.failed?.length
          ? `${t("bulk.partly", { done: a.done, failed: a.matched - a.done })} ${a.failed[0].name}: ${a.failed[0].detail}`
          : t("bulk.done", { n: a.done }),
        !!a.failed?.length,
      );
      close();
      void client.invalidateQueries();
    } catch (e) {
      say(e instanceof Error ? e.message : String(e), true);
      void preview.refetch();
    }
    setBusy(false);
  };
  return (
    <Dialog title={t(`bulk.${action}` as Key)} open close={close}>
      <Failure error={preview.error} />
      <p>{preview.data ? t("bulk.preview", { n: count(n), filter: q || t("view.all") }) : t("loading")}</p>
      {preview.data && (
        <p className="names">
          {preview.data.names.slice(0, 30).join(", ")}
          {n > 30 && " …"}
        </p>
      )}
      {action === "pause" && (
        <label className="field">
          <span>{t("reason")}</span>
          <input value={reason} onChange={(e) => setReason(e.target.value)} />
        </label>
      )}
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button
          type="button"
          className={action === "delete" || action === "kill" ? "danger" : "primary"}
          disabled={busy || n === 0}
          onClick={act}
        >
          {t("bulk.go", { n: count(n) })}
        </button>
      </footer>
    </Dialog>
  );
}

function readColumns(): string[] {
  const stored = remembered("hora.columns");
  return stored === null ? columns.filter((c) => c.base).map((c) => c.id) : stored.split(",");
}

export function Jobs() {
  const [q, setQ] = useParam("q");
  const [sort, setSort] = useParam("sort");
  const [shown, setShown] = useState(readColumns);
  const orders = useOrders();
  const [bulk, setBulk] = useState<(typeof actions)[number] | null>(null);
  const [active, setActive] = useState(-1);
  const asked = useDeferredValue(q);
  const order = sort || "name";
  const scroller = useRef<HTMLDivElement>(null);
  const summary = useQuery({
    queryKey: ["facets", asked],
    queryFn: ({ signal }) => get<JobPage>(`jobs${query({ q: asked, limit: 1, fields: "name", facets: "state,kind,owner,user" })}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: pollTime,
  });
  const total = summary.data?.total ?? 0;
  const narrow = useNarrow();
  const rowHeight = narrow ? 64 : 34;
  const rows = useVirtualizer({ count: total, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 12 });
  const visible = rows.getVirtualItems();
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when the height of rows changes
  useEffect(() => rows.measure(), [rowHeight]);
  const first = visible.length ? Math.floor(visible[0].index / pageSize) : 0;
  const last = visible.length ? Math.floor(visible[visible.length - 1].index / pageSize) : 0;
  const pages = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const results = useQueries({
    queries: pages.map((p) => ({
      queryKey: ["jobs", asked, order, p],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<JobPage>(`jobs${query({ q: asked, sort: order, offset: p * pageSize || undefined, limit: pageSize, fields })}`, signal),
      refetchInterval: pollTime,
      gcTime: 30_000,
    })),
  });
  const rowAt = (i: number): JobRow | undefined => results[Math.floor(i / pageSize) - first]?.data?.jobs[i % pageSize];
  const error = summary.error ?? results.find((r) => r.error)?.error;
  const chosen = columns.filter((c) => shown.includes(c.id));
  const grid = narrow ? undefined : { gridTemplateColumns: `minmax(10rem, 2fr) ${chosen.map((c) => c.width).join(" ")}` };
  const least = 12 + chosen.reduce((sum, c) => sum + Number.parseFloat(c.width.replace("minmax(", "")) + 0.65, 0);
  const breadth = narrow ? undefined : { minWidth: `${least}rem` };
  const choose = (id: string) => {
    const next = shown.includes(id) ? shown.filter((x) => x !== id) : [...shown, id];
    setShown(next);
    remember("hora.columns", next.join(","));
  };
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if ((e.target as HTMLElement).closest("input, textarea, select, dialog") || e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key === "j" || e.key === "k") {
        const next = Math.max(0, Math.min(total - 1, active + (e.key === "j" ? 1 : -1)));
        setActive(next);
        rows.scrollToIndex(next, { align: "auto" });
      } else if (e.key === "Enter" && active >= 0 && !(e.target as HTMLElement).closest("a, button")) {
        const r = rowAt(active);
        if (r) go(to(["jobs", r.name]));
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its top
  useEffect(() => {
    setActive(-1);
    scroller.current?.scrollTo({ top: 0 });
  }, [asked, order]);
  const head = (label: string, by?: string) => {
    const now = by && (order === by ? "ascending" : order === `-${by}` ? "descending" : undefined);
    return (
      <div key={label} role="columnheader" aria-sort={now || undefined} tabIndex={-1}>
        {by ? (
          <button type="button" onClick={() => setSort(order === by ? `-${by}` : by)}>
            {label} <span aria-hidden="true">{now === "ascending" ? "▲" : now === "descending" ? "▼" : ""}</span>
          </button>
        ) : (
          label
        )}
      </div>
    );
  };
  return (
    <div className="jobs">
      <h1 className="hidden">{t("nav.jobs")}</h1>
      <div className="toolbar">
        <Filter q={q} setQ={setQ} facets={summary.data?.facets} />
        <span className="total num" role="status">
          {summary.data ? t("jobs.total", { n: count(total) }) : ""}
        </span>
        {orders && (
          <Menu label={t("jobs.bulk")}>
            {actions.map((a) => (
              <button key={a} type="button" onClick={() => setBulk(a)}>
                {t(`bulk.${a}` as Key)}
              </button>
            ))}
          </Menu>
        )}
        <Menu label={t("jobs.columns")} className="choose">
          <fieldset>
            <legend>{t("jobs.columns")}</legend>
            {columns.map((c) => (
              <label key={c.id}>
                <input type="checkbox" checked={shown.includes(c.id)} onChange={() => choose(c.id)} /> {t(c.key)}
              </label>
            ))}
          </fieldset>
        </Menu>
      </div>
      <div className="views">
        {views.map(([key, filter]) => (
          <a key={key} href={to(["jobs"], { q: filter, sort })} aria-current={q === filter ? "true" : undefined}>
            {t(key)}
          </a>
        ))}
        <label className="sorter">
          {t("jobs.sort")}{" "}
          <select value={order} onChange={(e) => setSort(e.target.value)}>
            {(["name", "state", "next", "-last", "owner", "-failures", "-duration"] as const).map((s) => (
              <option key={s} value={s}>
                {t(`sort.${s.replace("-", "")}` as Key)}
              </option>
            ))}
            {!["name", "state", "next", "-last", "owner", "-failures", "-duration"].includes(order) && (
              <option value={order}>{order}</option>
            )}
          </select>
        </label>
      </div>
      {error instanceof Problem && error.status === 400 ? (
        <Failure error={error} />
      ) : error && !summary.data ? (
        <Failure error={error} />
      ) : null}
      <div className="split">
        <Facets q={q} setQ={setQ} facets={summary.data?.facets} />
        <div
          className="list"
          ref={scroller}
          tabIndex={0}
          role="table"
          aria-label={t("nav.jobs")}
          aria-rowcount={total + 1}
          data-times={ownZone}
        >
          <div role="rowgroup" className="head" style={breadth}>
            <div className="row" role="row" style={grid}>
              {head(t("col.job"), "name")}
              {chosen.map((c) => head(t(c.key), c.sort))}
            </div>
          </div>
          <div role="rowgroup" style={{ ...breadth, height: rows.getTotalSize(), position: "relative" }}>
            {visible.map((v) => {
              const r = rowAt(v.index);
              return (
                <div
                  key={v.key}
                  role="row"
                  aria-rowindex={v.index + 2}
                  className={`row ${v.index === active ? "active" : ""} ${r?.disabled ? "off" : ""}`}
                  style={{ ...grid, height: rowHeight, transform: `translateY(${v.start}px)` }}
                >
                  <div role="rowheader" className="name">
                    {r ? (
                      <a href={to(["jobs", r.name])} title={r.description || r.name} className="clip">
                        {r.name}
                      </a>
                    ) : (
                      <span className="ghostline" />
                    )}
                    {r?.highPriority && (
                      <span className="flag" title={t("field.highPriority")}>
                        ↑
                      </span>
                    )}
                  </div>
                  {chosen.map((c) => (
                    <div role="cell" key={c.id} className={`c-${c.id}`}>
                      {r && c.cell(r)}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
          {summary.data && total === 0 && (
            <Empty>
              {q ? t("jobs.noneFound") : t("jobs.none")} {!q && <a href="#/new">{t("jobs.new")}</a>}
            </Empty>
          )}
        </div>
      </div>
      <Bulk action={bulk} q={q} close={() => setBulk(null)} />
    </div>
  );
}

const phone = window.matchMedia("(max-width: 720px)");

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(phone.matches);
  useEffect(() => {
    const change = () => setNarrow(phone.matches);
    phone.addEventListener("change", change);
    return () => phone.removeEventListener("change", change);
  }, []);
  return narrow;
}
