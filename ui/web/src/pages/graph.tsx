// The whole graph of who depends on whom.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import { get, type Network, query } from "../api";
import { count, span } from "../format";
import { criticalPath, fold } from "../graph/layout";
import { GraphTable } from "../graph/table";
import { GraphView } from "../graph/view";
import { t } from "../i18n";
import { pollTime } from "../live";
import { Empty, Failure, Loading } from "../parts";
import { useParam } from "../router";

export default function GraphPage() {
  const [q, setQ] = useParam("q");
  const asked = useDeferredValue(q);
  const [search, setSearch] = useState("");
  const [table, setTable] = useState(false);
  const [path, setPath] = useState(false);
  const [folded, setFolded] = useState<Set<string>>(new Set());
  const [focus, setFocus] = useState<string>();
  const graph = useQuery({
    queryKey: ["graph", "", asked],
    queryFn: ({ signal }) => get<Network>(`graph${query({ q: asked })}`, signal),
    refetchInterval: pollTime,
    placeholderData: keepPreviousData,
  });
  const whole = graph.data;
  const network = useMemo(() => whole && fold(whole, folded), [whole, folded]);
  const critical = useMemo(() => (path && network ? criticalPath(network) : undefined), [path, network]);
  const names = useMemo(() => new Set(critical?.names), [critical]);
  const found = search && network ? network.nodes.filter((n) => n.name.toLowerCase().includes(search.toLowerCase())) : [];
  const parents = useMemo(() => new Set(whole?.edges.map((e) => e.from)), [whole]);
  return (
    <div className="graphpage">
      <h1 className="hidden">{t("nav.graph")}</h1>
      <div className="toolbar">
        <input
          data-filter
          type="search"
          className="filter"
          aria-label={t("jobs.filter")}
          placeholder={t("jobs.filterHint")}
          defaultValue={q}
          onChange={(e) => setQ(e.target.value)}
          spellCheck={false}
        />
        <input
          type="search"
          list="graph-names"
          aria-label={t("graph.search")}
          placeholder={t("graph.search")}
          value={search}
          onChange={(e) => {
            setSearch(e.target.value);
            if (network?.nodes.some((n) => n.name === e.target.value)) setFocus(e.target.value);
          }}
          onKeyDown={(e) => e.key === "Enter" && found[0] && setFocus(found[0].name)}
        />
        <datalist id="graph-names">
          {found.slice(0, 20).map((n) => (
            <option key={n.name} value={n.name} />
          ))}
        </datalist>
        <select
          aria-label={t("graph.fold")}
          value=""
          onChange={(e) => {
            const next = new Set(folded);
            if (!next.delete(e.target.value)) next.add(e.target.value);
            setFolded(next);
          }}
        >
          <option value="">{folded.size ? t("graph.folded", { n: folded.size }) : t("graph.fold")}</option>
          {whole?.nodes
            .filter((n) => parents.has(n.name))
            .slice(0, 500)
            .map((n) => (
              <option key={n.name} value={n.name}>
                {folded.has(n.name) ? "▸ " : ""}
                {n.name}
              </option>
            ))}
        </select>
        <button type="button" aria-pressed={path} onClick={() => setPath(!path)}>
          {t("graph.critical")}
        </button>
        <button type="button" aria-pressed={table} onClick={() => setTable(!table)}>
          {t("graph.table")}
        </button>
        <span className="num muted" role="status">
          {network && t("graph.size", { nodes: count(network.nodes.length), edges: count(network.edges.length) })}
          {critical && critical.ms > 0 && ` · ${t("graph.longest", { span: span(critical.ms), n: critical.names.length })}`}
        </span>
      </div>
      <Failure error={graph.error} />
      {network?.truncated && <p className="notice">{t("graph.truncated")}</p>}
      {!network ? (
        <Loading />
      ) : network.nodes.length === 0 ? (
        <Empty>{t("graph.none")}</Empty>
      ) : table ? (
        <GraphTable network={network} />
      ) : (
        <div className="graph">
          <GraphView network={network} focus={focus} critical={path ? names : undefined} />
        </div>
      )}
    </div>
  );
}
