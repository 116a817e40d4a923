// All jobs: filter, facets, views, and a list of any length.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type SortingState, useTable } from "@tanstack/react-table";
import { useCallback, useEffect, useMemo, useState } from "react";
import { get, type JobPage, Problem, query } from "../api";
import { count } from "../format";
import { type Key, t } from "../i18n";
import { pollTime } from "../live";
import { Empty, Failure, Menu } from "../parts";
import { go, to, useParam } from "../router";
import { useOrders } from "../session";
import { type Action, actions, Bulk, type Meant, PickBar } from "./bulk";
import { Chooser } from "./chooser";
import { allColumns, columns, features, fewColumns, fieldsOf, keepColumns, readColumns, sortable } from "./columns";
import { Facets, facetNames } from "./facets";
import { Filter } from "./filter";
import { useKeys } from "./keys";
import { List, placeOf, useLines } from "./list";
import { usePick } from "./pick";
import { listOf, pageSize, useRows } from "./rows";
import { Views } from "./views";

const pageOf = (index: number) => Math.floor(index / pageSize);
const sortingOf = (sort: string): SortingState => [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }];

export function Jobs() {
  const [q, setQ] = useParam("q");
  const [sort, setSort] = useParam("sort");
  const [cols, setCols] = useParam("cols");
  const narrow = useNarrow();
  const orders = useOrders();
  const order = sort || "name";
  const shown = useMemo(() => (narrow ? fewColumns : readColumns(cols)), [narrow, cols]);
  const fields = useMemo(() => fieldsOf(shown), [shown]);
  const wanted = useMemo(() => ({ q, sort: order, fields }), [q, order, fields]);
  const [seen, setSeen] = useState<[number, number]>(() => {
    const p = pageOf((placeOf(listOf(wanted))?.top ?? 0) / (narrow ? 64 : 34));
    return [p, p];
  });
  const rows = useRows(wanted, seen[0], seen[1]);
  const { lines, scroller } = useLines(rows.known ? rows.total : (placeOf(rows.list)?.total ?? 0), narrow, rows.list);
  const items = lines.getVirtualItems();
  const first = pageOf(items[0]?.index ?? seen[0] * pageSize);
  const last = pageOf(items[items.length - 1]?.index ?? seen[1] * pageSize);
  if (first !== seen[0] || last !== seen[1]) setSeen([first, last]);
  const facets = useQuery({
    queryKey: ["facets", q],
    queryFn: ({ signal }) => get<JobPage>(`jobs${query({ q, limit: 1, fields: "name", facets: facetNames })}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: pollTime,
  });
  const picks = usePick(q, order, rows.total);
  // the table works out anew what is handed to it anew, so it gets the same while nothing has changed
  const sorting = useMemo(() => sortingOf(order), [order]);
  const columnOrder = useMemo(() => ["name", ...shown], [shown]);
  const columnVisibility = useMemo(() => Object.fromEntries(allColumns.map((id) => [id, shown.includes(id)])), [shown]);
  const table = useTable({
    features,
    columns,
    data: rows.loaded,
    getRowId: (r) => r.name,
    manualSorting: true,
    enableSortingRemoval: false,
    enableMultiSort: false,
    state: { sorting, rowSelection: picks.names, columnOrder, columnVisibility },
    onSortingChange: (u) => {
      const [by] = typeof u === "function" ? u(sorting) : u;
      if (by) setSort(by.desc ? `-${by.id}` : by.id);
    },
    onRowSelectionChange: picks.setNames,
  });
  const [bulk, setBulk] = useState<{ action: Action; meant: Meant } | null>(null);
  const [active, setActive] = useState(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other rows at these places
  useEffect(() => {
    setActive(-1);
    picks.forget();
  }, [q, order]);
  useKeys({
    total: rows.total,
    active,
    move: (i) => {
      setActive(i);
      lines.scrollToIndex(i, { align: "auto" });
    },
    pick: (range) => {
      const r = rows.at(active);
      if (r && orders && !picks.everything) picks.pick(active, r.name, range);
    },
    enter: () => {
      const r = rows.at(active);
      if (r) go(to(["jobs", r.name]));
    },
    escape: picks.clear,
  });
  const pickScreen = useCallback(
    (range: [number, number], on: boolean) => {
      const names: string[] = [];
      for (let i = range[0]; i <= range[1]; i++) {
        const r = rows.at(i);
        if (r) names.push(r.name);
      }
      picks.add(names, on);
    },
    [rows, picks.add],
  );
  const choose = useCallback(
    (ids: string[]) => {
      keepColumns(ids);
      setCols(ids.join(","));
    },
    [setCols],
  );
  const here = useMemo(() => ({ q, sort, cols: shown.join(",") }), [q, sort, shown]);
  const address = useMemo(() => ({ q, sort, cols }), [q, sort, cols]);
  const mean = (action: Action) => setBulk({ action, meant: picks.everything ? { filter: q } : { names: Object.keys(picks.names) } });
  return (
    <div className="jobs">
      <h1 className="hidden">{t("nav.jobs")}</h1>
      <div className="toolbar">
        <Filter q={q} setQ={setQ} />
        <span className="total num" role="status">
          {rows.known && !rows.error ? t("jobs.total", { n: count(rows.total) }) : ""}
        </span>
        {orders && (
          <Menu label={t("jobs.bulk")}>
            {actions.map((a) => (
              <button key={a} type="button" onClick={() => setBulk({ action: a, meant: { filter: q } })}>
                {t(`bulk.${a}` as Key)}
              </button>
            ))}
          </Menu>
        )}
        <Chooser shown={shown} set={choose} />
      </div>
      <div className="viewbar">
        <Views here={here} address={address} />
        <label className="sorter">
          {t("jobs.sort")}{" "}
          <select value={order} onChange={(e) => setSort(e.target.value)}>
            {[...sortable, ...(sortable.includes(order) ? [] : [order])].map((s) => (
              <option key={s} value={s}>
                {sortName(s)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {rows.error && (!rows.known || (rows.error instanceof Problem && rows.error.status === 400)) ? <Failure error={rows.error} /> : null}
      <PickBar number={picks.number} total={rows.total} everything={picks.everything} all={picks.all} none={picks.clear} act={mean} />
      <div className="split">
        <Facets q={q} setQ={setQ} facets={facets.data?.facets} />
        <List
          table={table}
          rows={rows}
          lines={lines}
          scroller={scroller}
          narrow={narrow}
          active={active}
          orders={orders}
          everything={picks.everything}
          pick={picks.pick}
          pickScreen={pickScreen}
        >
          {rows.known && !rows.late && rows.total === 0 && (
            <Empty>
              {q ? t("jobs.noneFound") : t("jobs.none")} {!q && <a href="#/new">{t("jobs.new")}</a>}
            </Empty>
          )}
        </List>
      </div>
      <Bulk
        key={bulk?.action}
        action={bulk?.action ?? null}
        meant={bulk?.meant ?? { names: [] }}
        close={() => setBulk(null)}
        done={() => {
          setBulk(null);
          picks.clear();
        }}
      />
    </div>
  );
}

/** An order as it is called: turned round, if it is not the usual one. */
function sortName(sort: string): string {
  const name = t(`sort.${sort.replace(/^-/, "")}` as Key);
  return sortable.includes(sort) ? name : t("sort.turned", { name });
}

const phone = window.matchMedia("(max-width: 720px)");

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(phone.matches);
  useEffect(() => {
    const change = () => setNarrow(phone.matches);
    phone.addEventListener("change", change);
    return () => phone.removeEventListener("change", change);
  }, []);
  return narrow;
}
