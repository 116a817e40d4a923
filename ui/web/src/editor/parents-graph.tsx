// A small live graph of a job that is being written and those it comes after.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { get, type JobPage, type Network, query } from "../api";
import { pollTime } from "../live";
import { literal } from "../palette";

const Graph = lazy(() => import("../graph/view").then((m) => ({ default: m.GraphView })));

const shown = 20;

/** Means these jobs, as far as a filter may be long. */
function namesFilter(list: string[]): string {
  let out = "";
  for (const p of list) {
    const longer = `${out}${out ? "," : "name:"}${literal(p)}`;
    if (new TextEncoder().encode(longer).length > 1000) break;
    out = longer;
  }
  return out;
}

const blank = { kind: "dependent", state: "idle", failing: false, late: false, disabled: false };

export function ParentsGraph({ parents, jobName }: { parents: { name: string; condition: string }[]; jobName: string }) {
  const list = parents.filter((p) => p.name !== "" && p.name !== jobName).slice(0, shown);
  const filter = namesFilter(list.map((p) => p.name));
  const around = useQuery({
    queryKey: ["jobs", "parents", filter],
    queryFn: ({ signal }) =>
      get<JobPage>(`jobs${query({ q: filter, limit: shown, fields: "name,kind,state,failing,late,disabled" })}`, signal),
    enabled: filter !== "",
    placeholderData: keepPreviousData,
    refetchInterval: pollTime,
  });
  if (list.length === 0) return null;
  const stateOf = (name: string) =>
    around.data?.jobs.find((n) => n.name === name) ?? {
      ...blank,
      name,
      state: around.isSuccess && !around.isPlaceholderData ? "missing" : "idle",
    };
  const network: Network = {
    nodes: [...list.map((p) => stateOf(p.name)), { ...blank, name: jobName }],
    edges: list.map((p) => ({ from: p.name, to: jobName, condition: p.condition, satisfied: false })),
    truncated: false,
  };
  return (
    <div className="graph tiny">
      <Suspense fallback={null}>
        <Graph network={network} mini focus={jobName} />
      </Suspense>
    </div>
  );
}
