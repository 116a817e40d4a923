// The graph as a table, for those who do not see it.
import { memo, useEffect, useMemo, useState } from "react";
import type { GraphNode, Network } from "../api";
import { count, span } from "../format";
import { t, useLocale } from "../i18n";
import { JobBadges } from "../parts";
import { to } from "../router";
import "./graph.css";
import { criticalPath, depths, links } from "./network";

const piece = 60; // rows that are added at once, so that the page can do other things in between
const inLine = 20; // names that are shown without being asked for

interface RowProps {
  node: GraphNode;
  depth: number;
  chain: number; // the place in the longest chain, from 1; 0: it is not in it
  before: string[];
  behind: string[];
}

const Row = memo(({ node, depth, chain, before, behind }: RowProps) => {
  useLocale();
  return (
    <tr>
      <th scope="row">
        <a href={to(["jobs", node.name])}>{node.name}</a>
      </th>
      <td>
        <JobBadges row={node} />
      </td>
      <td>
        <Names list={before} />
      </td>
      <td>
        <Names list={behind} />
      </td>
      <td className="num">{depth}</td>
      <td className="num">{node.durationMs === undefined ? "–" : span(node.durationMs)}</td>
      <td className="num">{chain > 0 ? t("graph.place", { n: chain }) : "–"}</td>
    </tr>
  );
});
Row.displayName = "Row";

function Names({ list }: { list: string[] }) {
  const [all, setAll] = useState(false);
  if (list.length === 0) return "–";
  const shown = all ? list : list.slice(0, inLine);
  return (
    <>
      {shown.map((n, i) => (
        <span key={n}>
          {i > 0 && ", "}
          <a href={to(["jobs", n])}>{n}</a>
        </span>
      ))}
      {shown.length < list.length && (
        <button type="button" onClick={() => setAll(true)}>
          {t("graph.others", { n: count(list.length - shown.length) })}
        </button>
      )}
    </>
  );
}

const none: string[] = [];

export function GraphTable({ network }: { network: Network }) {
  const near = useStable(useMemo(() => links(network), [network]));
  const depth = useMemo(() => depths(network), [network]);
  const chain = useMemo(() => new Map(criticalPath(network).names.map((n, i) => [n, i + 1])), [network]);
  const rows = useMemo(
    () => [...network.nodes].sort((a, b) => (depth.get(a.name) ?? 0) - (depth.get(b.name) ?? 0) || a.name.localeCompare(b.name)),
    [network, depth],
  );
  const [shown, setShown] = useState(piece);
  useEffect(() => {
    if (shown >= rows.length) return;
    const timer = window.setTimeout(() => setShown(shown + piece), 0);
    return () => window.clearTimeout(timer);
  }, [shown, rows.length]);
  const loading = shown < rows.length;
  return (
    <div className="scroll-x graphtable" tabIndex={0} role="region" aria-label={t("nav.graph")} aria-busy={loading}>
      <table className="data" aria-rowcount={rows.length + 1}>
        <caption className="hidden">{t("graph.size", { nodes: count(rows.length), edges: count(network.edges.length) })}</caption>
        <thead>
          <tr>
            <th scope="col">{t("col.job")}</th>
            <th scope="col">{t("col.state")}</th>
            <th scope="col">{t("field.parents")}</th>
            <th scope="col">{t("job.children")}</th>
            <th scope="col">{t("graph.level")}</th>
            <th scope="col">{t("col.duration")}</th>
            <th scope="col">{t("graph.critical")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((n) => (
            <Row
              key={n.name}
              node={n}
              depth={depth.get(n.name) ?? 0}
              chain={chain.get(n.name) ?? 0}
              before={near.parents.get(n.name) ?? none}
              behind={near.children.get(n.name) ?? none}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The same lists as long as they hold the same, so that rows which stay are not drawn anew. */
function useStable(next: ReturnType<typeof links>): ReturnType<typeof links> {
  const [held] = useState(() => ({ parents: new Map<string, string[]>(), children: new Map<string, string[]>() }));
  for (const side of ["parents", "children"] as const) {
    for (const [name, list] of next[side]) {
      const old = held[side].get(name);
      if (!old || old.length !== list.length || old.some((x, i) => x !== list[i])) held[side].set(name, list);
    }
  }
  return held;
}
