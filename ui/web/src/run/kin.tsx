// The runs whose ends released a run, and those that its own end has released.
import type { Run, RunLink } from "../api";
import { t } from "../i18n";
import { Badge, Card } from "../parts";
import { to } from "../router";

function Links({ of, none }: { of: RunLink[]; none: string }) {
  if (of.length === 0) return <p className="muted">{none}</p>;
  return (
    <ul className="items">
      {of.map((r) => (
        <li key={r.run}>
          {r.state ? <Badge of={r.state} /> : <span className="muted">{t("run.notKept")}</span>}
          {r.state ? (
            <a href={to(["runs", r.run])} className="clip">
              {r.job || r.run}
            </a>
          ) : (
            <span className="clip">{r.job || t("run.gone")}</span>
          )}
          <code className="end">{r.run}</code>
        </li>
      ))}
    </ul>
  );
}

export function KinCard({ run }: { run: Run }) {
  const released = run.kind === "release";
  return (
    <Card title={t("run.kin")} className="kin">
      <h3>{t("run.parents")}</h3>
      <Links of={run.parents ?? []} none={t(released ? "run.parentsUnknown" : "run.noParents")} />
      <h3>{t("run.children")}</h3>
      <Links of={run.children ?? []} none={t(run.state === "ended" ? "run.noChildren" : "run.childrenLater")} />
    </Card>
  );
}
