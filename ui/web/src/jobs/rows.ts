// The rows of the list: of any number, only those are asked for that are seen.
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { get, type JobPage, type JobRow, query } from "../api";
import { pollTime } from "../live";

export const pageSize = 100;

export interface Wanted {
  q: string;
  sort: string;
  fields: string;
}

/** Which filter and order: the fields do not make another list. */
export const listOf = (w: Wanted) => `${w.sort} ${w.q}`;

export interface Rows {
  list: string; // which filter and order the rows are of
  total: number;
  known: boolean; // the total is
  late: boolean; // the rows are still those of what was wanted before
  error: unknown;
  at: (i: number) => JobRow | undefined;
  loaded: JobRow[];
}

const ask = (w: Wanted, p: number) => ({
  queryKey: ["jobs", w.q, w.sort, w.fields, p],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<JobPage>(`jobs${query({ q: w.q, sort: w.sort, offset: p * pageSize || undefined, limit: pageSize, fields: w.fields })}`, signal),
});

/** The rows of these pages. Until those of another list are there, the ones before are shown. */
export function useRows(w: Wanted, first: number, last: number): Rows {
  const client = useQueryClient();
  const list = listOf(w);
  const kept = useRef<Rows>({ list, total: 0, known: false, late: false, error: null, at: () => undefined, loaded: [] });
  const same = kept.current.list === list; // another list begins at its top
  const from = same ? first : 0;
  const to = same ? last : 0;
  const queries = useMemo(
    () => Array.from({ length: to - from + 1 }, (_, i) => ({ ...ask(w, from + i), refetchInterval: pollTime, gcTime: 60_000 })),
    [w, from, to],
  );
  const results = useQueries({ queries });
  const answer = results.find((r) => r.data)?.data;
  const total = answer?.total ?? kept.current.total;
  const error = results.find((r) => r.error)?.error ?? null;
  const loaded = useSame(results.flatMap((r) => r.data?.jobs ?? []));
  const complete = results.every((r) => r.data);
  useEffect(() => {
    if (!complete || !same) return;
    for (const p of [to + 1, from - 1])
      if (p >= 0 && p * pageSize < total) void client.prefetchQuery({ ...ask(w, p), staleTime: 10_000, gcTime: 60_000 });
  }, [client, complete, same, from, to, total, w]);
  if (!answer && (!same || kept.current.loaded.length > 0)) {
    // a jump within the list leaves its rows empty, another list leaves the one before
    if (!same || kept.current.at(first * pageSize) || kept.current.at(last * pageSize)) return { ...kept.current, late: true, error };
  }
  const rows: Rows = {
    list,
    total,
    known: answer !== undefined || kept.current.known,
    late: !complete,
    error,
    at: (i) => results[Math.floor(i / pageSize) - from]?.data?.jobs[i % pageSize],
    loaded,
  };
  if (answer) kept.current = rows;
  return rows;
}

/** The same list as before, as long as it holds the same. */
function useSame<T>(list: T[]): T[] {
  const before = useRef(list);
  if (list.length !== before.current.length || list.some((x, i) => x !== before.current[i])) before.current = list;
  return before.current;
}

/** The names of the rows from one to another. */
export async function namesOf(q: string, sort: string, from: number, to: number): Promise<string[]> {
  const out: string[] = [];
  for (let offset = from; offset <= to; offset += 1000) {
    const limit = Math.min(1000, to - offset + 1);
    const page = await get<JobPage>(`jobs${query({ q, sort, offset: offset || undefined, limit, fields: "name" })}`);
    out.push(...page.jobs.map((j) => j.name));
  }
  return out;
}
