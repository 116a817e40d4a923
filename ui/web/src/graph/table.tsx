// The graph as a table, for those who do not see it.
import type { Network } from "../api";
import { span } from "../format";
import { t } from "../i18n";
import { JobBadges } from "../parts";
import { to } from "../router";

export function GraphTable({ network }: { network: Network }) {
  const before = new Map<string, string[]>();
  const behind = new Map<string, string[]>();
  for (const e of network.edges) {
    before.set(e.to, [...(before.get(e.to) ?? []), e.from]);
    behind.set(e.from, [...(behind.get(e.from) ?? []), e.to]);
  }
  const links = (list?: string[]) =>
    list?.slice(0, 20).map((n, i) => (
      <span key={n}>
        {i > 0 && ", "}
        <a href={to(["jobs", n])}>{n}</a>
      </span>
    ));
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="data">
        <thead>
          <tr>
            <th scope="col">{t("col.job")}</th>
            <th scope="col">{t("col.state")}</th>
            <th scope="col">{t("field.parents")}</th>
            <th scope="col">{t("job.children")}</th>
            <th scope="col">{t("col.duration")}</th>
          </tr>
        </thead>
        <tbody>
          {network.nodes.slice(0, 500).map((n) => (
            <tr key={n.name}>
              <th scope="row">
                <a href={to(["jobs", n.name])}>{n.name}</a>
              </th>
              <td>
                <JobBadges row={n} />
              </td>
              <td>{links(before.get(n.name))}</td>
              <td>{links(behind.get(n.name))}</td>
              <td className="num">{n.durationMs === undefined ? "–" : span(n.durationMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {network.nodes.length > 500 && <p className="muted">{t("now.of", { shown: 500, total: network.nodes.length })}</p>}
    </div>
  );
}
