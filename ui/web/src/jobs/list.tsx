// The list itself: as long as there are jobs, as many rows as there is room for.
import type { ReactTable, Row as TableRow } from "@tanstack/react-table";
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import type { JobRow } from "../api";
import { ownZone } from "../format";
import { t } from "../i18n";
import { to } from "../router";
import { columnKey, type features, widths } from "./columns";
import type { Rows } from "./rows";

export type JobTable = ReactTable<typeof features, JobRow>;
export type Lines = Virtualizer<HTMLDivElement, Element>;

/** Where lists were when they were left, for the way back. */
const places = new Map<string, { top: number; total: number }>();

export const placeOf = (list: string) => places.get(list);

export function useLines(total: number, narrow: boolean, list: string): { lines: Lines; scroller: RefObject<HTMLDivElement | null> } {
  const scroller = useRef<HTMLDivElement>(null);
  const height = narrow ? 64 : 34;
  const lines = useVirtualizer<HTMLDivElement, Element>({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 10,
    initialOffset: placeOf(list)?.top ?? 0,
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when the height of rows changes
  useEffect(() => lines.measure(), [height]);
  const shown = useRef(list);
  useLayoutEffect(() => {
    if (shown.current === list) return;
    shown.current = list; // another list begins at its top
    scroller.current?.scrollTo({ top: 0 });
  }, [list]);
  useEffect(() => {
    const box = scroller.current;
    const keep = () => {
      if (!box) return;
      places.delete(list);
      places.set(list, { top: box.scrollTop, total });
      if (places.size > 20) places.delete(places.keys().next().value!);
    };
    box?.addEventListener("scroll", keep, { passive: true });
    return () => box?.removeEventListener("scroll", keep);
  }, [list, total]);
  return { lines, scroller };
}

interface LineProps {
  row?: TableRow<typeof features, JobRow>;
  index: number;
  top: number;
  height: number;
  grid?: string;
  active: boolean;
  picked: boolean;
  fixed: boolean; // all of the filter are picked
  orders: boolean; // one may do something with them
  pick: (index: number, name: string, range: boolean) => void;
}

/** A row of the list: drawn again only when what it shows is another. */
const Line = memo(
  function Line({ row, index, top, height, grid, active, picked, fixed, orders, pick }: LineProps) {
    const r = row?.original;
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        className={`row ${active ? "active" : ""} ${r?.disabled ? "off" : ""} ${picked ? "picked" : ""}`}
        style={{ gridTemplateColumns: grid, height, transform: `translateY(${top}px)` }}
      >
        <div role="cell" className="tick">
          {r && orders && (
            <input
              type="checkbox"
              aria-label={t("pick.one", { name: r.name })}
              checked={picked}
              disabled={fixed}
              onChange={() => {}}
              onClick={(e) => pick(index, r.name, e.shiftKey)}
            />
          )}
        </div>
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
        {row
          ?.getVisibleCells()
          .slice(1)
          .map((cell) => (
            <div role="cell" key={cell.column.id} className={`c-${cell.column.id}`}>
              {(cell.column.columnDef.cell as (c: unknown) => ReactNode)(cell.getContext())}
            </div>
          ))}
      </div>
    );
  },
  (a, b) =>
    a.row?.original === b.row?.original &&
    a.index === b.index &&
    a.top === b.top &&
    a.height === b.height &&
    a.grid === b.grid &&
    a.active === b.active &&
    a.picked === b.picked &&
    a.fixed === b.fixed &&
    a.orders === b.orders &&
    a.pick === b.pick,
);

interface Props {
  table: JobTable;
  rows: Rows;
  lines: Lines;
  scroller: RefObject<HTMLDivElement | null>;
  narrow: boolean;
  active: number;
  orders: boolean;
  everything: boolean;
  pick: LineProps["pick"];
  pickScreen: (range: [number, number], on: boolean) => void;
  children?: ReactNode;
}

export function List({ table, rows, lines, scroller, narrow, active, orders, everything, pick, pickScreen, children }: Props) {
  const ids = table
    .getVisibleLeafColumns()
    .map((c) => c.id)
    .slice(1);
  const wide = widths(ids);
  const breadth = narrow ? undefined : { minWidth: wide.minWidth };
  const grid = narrow ? undefined : wide.gridTemplateColumns;
  const { rowSelection } = table.state;
  const byName = table.getRowModel().rowsById;
  const height = narrow ? 64 : 34;
  return (
    <div
      className="list"
      ref={scroller}
      tabIndex={0}
      role="table"
      aria-label={t("nav.jobs")}
      aria-rowcount={rows.total + 1}
      aria-busy={rows.late}
      data-times={ownZone}
    >
      <div role="rowgroup" className="head" style={breadth}>
        <div className="row" role="row" style={{ gridTemplateColumns: grid }}>
          <div role="columnheader">
            {orders && <PickScreen rows={rows} lines={lines} picked={everything ? null : rowSelection} pick={pickScreen} />}
          </div>
          {table.getVisibleLeafColumns().map((c) => {
            const by = c.getIsSorted();
            const sort = by && (by === "asc" ? "ascending" : "descending");
            const label = t(columnKey(c.id));
            return (
              <div key={c.id} role="columnheader" aria-sort={sort || undefined}>
                {c.getCanSort() ? (
                  <button type="button" onClick={() => c.toggleSorting(by ? by === "asc" : undefined)}>
                    {label} <span aria-hidden="true">{by === "asc" ? "▲" : by === "desc" ? "▼" : ""}</span>
                  </button>
                ) : (
                  label
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" style={{ ...breadth, height: lines.getTotalSize(), position: "relative" }}>
        {lines.getVirtualItems().map((v) => {
          const name = rows.at(v.index)?.name;
          return (
            <Line
              key={v.key}
              row={name === undefined ? undefined : byName[name]}
              index={v.index}
              top={v.start}
              height={height}
              grid={grid}
              active={v.index === active}
              picked={name !== undefined && (everything || !!rowSelection[name])}
              fixed={everything}
              orders={orders}
              pick={pick}
            />
          );
        })}
      </div>
      {children}
    </div>
  );
}

/** Ticks what is on the screen. */
function PickScreen({
  rows,
  lines,
  picked,
  pick,
}: {
  rows: Rows;
  lines: Lines;
  picked: Record<string, true> | null;
  pick: (range: [number, number], on: boolean) => void;
}) {
  const box = useRef<HTMLInputElement>(null);
  const range: [number, number] = lines.range ? [lines.range.startIndex, lines.range.endIndex] : [0, 0];
  let on = 0;
  let all = 0;
  for (let i = range[0]; i <= range[1] && i < rows.total; i++) {
    const r = rows.at(i);
    if (r) all++;
    if (r && picked?.[r.name]) on++;
  }
  const full = picked === null || (all > 0 && on === all);
  useEffect(() => {
    if (box.current) box.current.indeterminate = !full && on > 0;
  }, [full, on]);
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={t("pick.screen")}
      checked={full}
      disabled={picked === null || all === 0}
      onChange={() => pick(range, !full)}
    />
  );
}
