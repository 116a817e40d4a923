// The whole graph of who depends on whom.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { get, type Network, query } from "../api";
import { count, span } from "../format";
import { behind, criticalPath, fold, links } from "../graph/network";
import { GraphTable } from "../graph/table";
import { type Folds, GraphView, type Jump } from "../graph/view";
import { t } from "../i18n";
import { pollTime } from "../live";
import { Empty, Failure, Loading } from "../parts";
import { useParam } from "../router";

/** Names of jobs in the address: no name has this character. */
const between = ",";

/** What is folded stands in the address. */
function useFolds(whole: Network | undefined): Folds {
  const [text, setText] = useParam("fold");
  const folded = useMemo(() => new Set(text.split(between).filter(Boolean)), [text]);
  const toggle = useCallback(
    (name: string) => {
      const next = new Set(folded);
      if (!next.delete(name)) next.add(name);
      setText([...next].join(between));
    },
    [folded, setText],
  );
  const show = useCallback((names: string[]) => setText([...folded].filter((n) => !names.includes(n)).join(between)), [folded, setText]);
  const hides = useMemo(() => (whole ? behind(whole, folded) : new Map<string, number>()), [whole, folded]);
  return useMemo(() => ({ folded, behind: hides, toggle, show }), [folded, hides, toggle, show]);
}

export default function GraphPage() {
  const [q, setQ] = useParam("q");
  const asked = useDeferredValue(q);
  const [as, setAs] = useParam("as");
  const [chain, setChain] = useParam("chain");
  const [focus, setFocus] = useParam("job");
  const [jump, setJump] = useState<Jump | undefined>(focus ? { name: focus, n: 0 } : undefined);
  const graph = useQuery({
    queryKey: ["graph", "", asked],
    queryFn: ({ signal }) => get<Network>(`graph${query({ q: asked })}`, signal),
    refetchInterval: pollTime,
    placeholderData: keepPreviousData,
  });
  const whole = graph.data;
  const folds = useFolds(whole);
  const network = useMemo(() => whole && fold(whole, folds.folded), [whole, folds.folded]);
  const critical = useMemo(() => (chain && network ? criticalPath(network) : undefined), [chain, network]);
  const names = useMemo(() => critical && new Set(critical.names), [critical]);
  const jumpTo = (name: string) => {
    setFocus(name);
    setJump((j) => ({ name, n: (j?.n ?? 0) + 1 }));
    if (whole && network && !network.nodes.some((n) => n.name === name)) unfold(whole, name, folds);
  };
  const took = useMemo(() => new Map(network?.nodes.map((n) => [n.name, n.durationMs])), [network]);
  const table = as === "table";
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
        <Search whole={whole} jump={jumpTo} />
        <FoldSelect whole={whole} folds={folds} />
        <button type="button" aria-pressed={chain !== ""} onClick={() => setChain(chain ? "" : "1")}>
          {t("graph.critical")}
        </button>
        <button type="button" aria-pressed={table} onClick={() => setAs(table ? "" : "table")}>
          {t("graph.table")}
        </button>
        <span className="num muted" role="status">
          {network && t("graph.size", { nodes: count(network.nodes.length), edges: count(network.edges.length) })}
          {critical && ` · ${t("graph.longest", { span: span(critical.ms), n: critical.names.length })}`}
        </span>
      </div>
      <Failure error={graph.error} />
      {network?.truncated && <p className="notice">{t("graph.truncated")}</p>}
      {critical && critical.names.length > 0 && (
        <ol className="chain" aria-label={t("graph.critical")}>
          {critical.names.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => jumpTo(name)}>
                {name}
              </button>{" "}
              <span className="num muted">{took.get(name) === undefined ? "–" : span(took.get(name) ?? 0)}</span>
            </li>
          ))}
        </ol>
      )}
      {!network ? (
        <Loading />
      ) : network.nodes.length === 0 ? (
        <Empty>{t("graph.none")}</Empty>
      ) : table ? (
        <GraphTable network={network} />
      ) : (
        <div className="graph">
          <GraphView network={network} focus={focus || undefined} critical={names} folds={folds} jump={jump} subject={asked} />
        </div>
      )}
    </div>
  );
}

/** Unfolds whatever a job lies behind. */
function unfold(whole: Network, name: string, folds: Folds) {
  const { parents } = links(whole);
  const seen = new Set<string>();
  const front = [...(parents.get(name) ?? [])];
  while (front.length) {
    const p = front.pop()!;
    if (seen.has(p)) continue;
    seen.add(p);
    front.push(...(parents.get(p) ?? []));
  }
  folds.show([...seen]);
}

/** Looks for a job and goes there; Enter again goes to the next one. */
function Search({ whole, jump }: { whole?: Network; jump: (name: string) => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(-1);
  const wanted = text.toLowerCase();
  const found = wanted && whole ? whole.nodes.filter((n) => n.name.toLowerCase().includes(wanted)).map((n) => n.name) : [];
  const turn = (by: number) => {
    if (found.length === 0) return;
    const next = at < 0 && by < 0 ? found.length - 1 : (at + by + found.length) % found.length;
    setAt(next);
    jump(found[next]);
  };
  return (
    <>
      <input
        type="search"
        list="graph-names"
        aria-label={t("graph.search")}
        placeholder={t("graph.search")}
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(-1);
          if (whole?.nodes.some((n) => n.name === e.target.value)) jump(e.target.value);
        }}
        onKeyDown={(e) => {
          if (e.key !== "Enter") return;
          e.preventDefault();
          turn(e.shiftKey ? -1 : 1);
        }}
      />
      <datalist id="graph-names">
        {found.slice(0, 20).map((n) => (
          <option key={n} value={n} />
        ))}
      </datalist>
      <span className="num muted" role="status">
        {wanted && t("log.hits", { at: found.length ? Math.max(at, 0) + 1 : 0, n: found.length })}
      </span>
    </>
  );
}

function FoldSelect({ whole, folds }: { whole?: Network; folds: Folds }) {
  const parents = useMemo(() => new Set(whole?.edges.map((e) => e.from)), [whole]);
  const offered = whole?.nodes.filter((n) => parents.has(n.name)) ?? [];
  return (
    <select aria-label={t("graph.fold")} value="" onChange={(e) => folds.toggle(e.target.value)}>
      <option value="">{folds.folded.size ? t("graph.folded", { n: folds.folded.size }) : t("graph.fold")}</option>
      {offered.slice(0, 500).map((n) => (
        <option key={n.name} value={n.name}>
          {folds.folded.has(n.name) ? "▸ " : ""}
          {n.name}
        </option>
      ))}
    </select>
  );
}
