// The columns of the list of jobs: what they show, and which fields that takes.

import type { ColumnDef } from "@tanstack/react-table";
import {
  columnOrderingFeature,
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
} from "@tanstack/react-table";
import type { ReactNode } from "react";
import type { JobRow } from "../api";
import { absolute, ownZone, span } from "../format";
import { type Key, t } from "../i18n";
import { JobBadges, Recent, When } from "../parts";
import { remember, remembered } from "../theme";

export const features = tableFeatures({ columnOrderingFeature, columnVisibilityFeature, rowSelectionFeature, rowSortingFeature });

interface Look {
  id: string; // and what the server sorts by, if it is sorted
  key: Key;
  sorted?: "asc" | "desc"; // what the first click gives
  width: string;
  base?: boolean; // shown until somebody chooses
  needs: string;
  cell: (r: JobRow) => ReactNode;
}

export function scheduleText(r: Pick<JobRow, "schedule" | "trigger" | "parents">): string {
  return r.schedule ?? r.trigger ?? (r.parents ?? []).join(" && ");
}

/** Day and time to the minute, if that is all there is to tell. */
const short = (at: string, zone: string) => absolute(at, zone).slice(5).replace(/:00$/, "");

const looks: Look[] = [
  {
    id: "state",
    key: "col.state",
    sorted: "asc",
    width: "10.6rem",
    base: true,
    needs: "state,failing,late,disabled,reason",
    cell: (r) => <JobBadges row={r} />,
  },
  {
    id: "when",
    key: "col.when",
    width: "minmax(7rem, 1.3fr)",
    base: true,
    needs: "schedule,parents,trigger",
    cell: (r) => (
      <span className={r.schedule ? "mono clip" : "clip"} title={scheduleText(r)}>
        {!r.schedule && <span className="muted">{t("after")} </span>}
        {scheduleText(r)}
      </span>
    ),
  },
  {
    id: "recent",
    key: "col.recent",
    width: "5.4rem",
    base: true,
    needs: "recent",
    cell: (r) => <Recent outcomes={r.recent.slice(-12)} />,
  },
  {
    id: "last",
    key: "col.last",
    sorted: "desc",
    width: "4.9rem",
    base: true,
    needs: "last,scheduleTimeZone",
    cell: (r) => (r.last ? <When at={r.last.ended} zone={r.scheduleTimeZone} /> : <span className="muted">{t("never")}</span>),
  },
  {
    id: "next",
    key: "col.next",
    sorted: "asc",
    width: "10.2rem",
    base: true,
    needs: "next,scheduleTimeZone",
    cell: (r) =>
      r.next ? (
        <span className="two">
          <span className="num">{short(r.next, r.scheduleTimeZone || "UTC")}</span> <When at={r.next} zone={r.scheduleTimeZone || "UTC"} />
        </span>
      ) : (
        <span className="muted">–</span>
      ),
  },
  {
    id: "own",
    key: "col.own",
    width: "7.4rem",
    base: true,
    needs: "next",
    cell: (r) => (r.next ? <span className="num muted">{short(r.next, ownZone)}</span> : <span className="muted">–</span>),
  },
  {
    id: "owner",
    key: "col.owner",
    sorted: "asc",
    width: "minmax(6rem, .8fr)",
    base: true,
    needs: "owner",
    cell: (r) => <span className="clip">{r.owner}</span>,
  },
  {
    id: "duration",
    key: "col.duration",
    sorted: "desc",
    width: "4.6rem",
    needs: "last",
    cell: (r) => <span className="num">{r.last?.durationMs === undefined ? "–" : span(r.last.durationMs)}</span>,
  },
  { id: "user", key: "col.user", width: "4.5rem", needs: "runAsUser", cell: (r) => <span className="clip">{r.runAsUser}</span> },
  {
    id: "zone",
    key: "col.zone",
    width: "8rem",
    needs: "scheduleTimeZone",
    cell: (r) => <span className="clip">{r.scheduleTimeZone || "UTC"}</span>,
  },
  { id: "kind", key: "col.kind", width: "5.5rem", needs: "kind", cell: (r) => t(`kind.${r.kind}` as Key) },
  { id: "retries", key: "col.retries", width: "5rem", needs: "retries", cell: (r) => <span className="num">{r.retries}</span> },
  {
    id: "failures",
    key: "col.failures",
    sorted: "desc",
    width: "6rem",
    needs: "errorsSinceLastSuccess",
    cell: (r) => <span className="num">{r.errorsSinceLastSuccess}</span>,
  },
  {
    id: "host",
    key: "col.host",
    width: "9rem",
    needs: "running",
    cell: (r) => <span className="clip">{r.running?.map((x) => x.host).join(", ")}</span>,
  },
  {
    id: "description",
    key: "col.description",
    width: "minmax(8rem, 1fr)",
    needs: "description",
    cell: (r) => <span className="clip">{r.description}</span>,
  },
];

const byID = new Map(looks.map((l) => [l.id, l]));

export const columns: ColumnDef<typeof features, JobRow>[] = [
  { id: "name", accessorKey: "name", enableHiding: false },
  ...looks.map(
    (l): ColumnDef<typeof features, JobRow> => ({
      id: l.id,
      accessorFn: (r) => r, // the server sorts
      cell: ({ row }) => l.cell(row.original),
      enableSorting: !!l.sorted,
      sortDescFirst: l.sorted === "desc",
    }),
  ),
];

export const columnKey = (id: string): Key => (id === "name" ? "col.job" : byID.get(id)!.key);
export const allColumns = looks.map((l) => l.id);
export const sortable = ["name", ...looks.filter((l) => l.sorted).map((l) => (l.sorted === "desc" ? `-${l.id}` : l.id))];

/** What a phone has room for. */
export const fewColumns = ["state", "when", "recent"];

/** The columns that an address names, in its order; else those of last time. */
export function readColumns(text: string): string[] {
  const named = (text || (remembered("hora.columns") ?? "")).split(",").filter((id) => byID.has(id));
  return named.length > 0 ? named : looks.filter((l) => l.base).map((l) => l.id);
}

export const keepColumns = (ids: string[]) => remember("hora.columns", ids.join(","));

/** The fields of a row that these columns show. */
export function fieldsOf(ids: string[]): string {
  const all = new Set(["name", "description", "disabled", "highPriority"]);
  for (const id of ids) for (const f of byID.get(id)!.needs.split(",")) all.add(f);
  return [...all].sort().join(",");
}

/** How wide the columns are, with the one of ticks and the one of names. */
export function widths(ids: string[]): { gridTemplateColumns: string; minWidth: string } {
  const list = ids.map((id) => byID.get(id)!.width);
  const least = list.reduce((sum, w) => sum + Number.parseFloat(w.replace("minmax(", "")) + 0.65, 13.5);
  return { gridTemplateColumns: `1.1rem minmax(10rem, 2fr) ${list.join(" ")}`, minWidth: `${least}rem` };
}
