// The part of the graph around one job.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, type Network, query } from "../api";
import { t } from "../i18n";
import { pollTime } from "../live";
import { Card, Empty, Failure } from "../parts";
import { useParam } from "../router";
import { GraphTable } from "./table";
import { GraphView } from "./view";

export default function Around({ name }: { name: string }) {
  const [steps, setSteps] = useParam("depth");
  const depth = Number(steps) || 2;
  const [as, setAs] = useParam("as");
  const table = as === "table";
  const q = useQuery({
    queryKey: ["graph", name, depth],
    queryFn: ({ signal }) => get<Network>(`graph${query({ job: name, depth })}`, signal),
    refetchInterval: pollTime,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title={t("tab.graph")}
      extra={
        <span className="right">
          <label>
            {t("graph.depth")}{" "}
            <select value={depth} onChange={(e) => setSteps(e.target.value)}>
              {[1, 2, 3, 5, 10, 50].map((n) => (
                <option key={n}>{n}</option>
              ))}
            </select>
          </label>
          <button type="button" aria-pressed={table} onClick={() => setAs(table ? "" : "table")}>
            {t("graph.table")}
          </button>
        </span>
      }
    >
      <Failure error={q.error} />
      {q.data && q.data.nodes.length < 2 && <Empty>{t("graph.alone")}</Empty>}
      {q.data &&
        (table ? (
          <GraphTable network={q.data} />
        ) : (
          <div className="graph small">{<GraphView network={q.data} focus={name} subject={`${name} ${depth}`} />}</div>
        ))}
    </Card>
  );
}
