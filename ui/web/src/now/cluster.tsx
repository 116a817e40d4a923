// How the cluster is, in a line.
import type { Cluster } from "../api";
import { count } from "../format";
import { t } from "../i18n";
import { Badge, Failure, When } from "../parts";

export function ClusterCard({ cluster: c, error }: { cluster?: Cluster; error: unknown }) {
  if (!c) return <Failure error={error} />;
  const active = c.agents.filter((a) => a.active);
  const lost = c.agents.length - active.length;
  const sum = (of: (a: Cluster["agents"][number]) => number) => active.reduce((s, a) => s + of(a), 0);
  const part = (used: number, all: number) => (all > 0 ? `${Math.round((used / all) * 100)} %` : "–");
  return (
    <section className="card" aria-label={t("nav.cluster")}>
      <dl className="health-line">
        <div>
          <dt>{t("cluster.leader")}</dt>
          <dd>
            <a href="#/cluster">{c.leader || t("health.leaderless")}</a> <span className="muted">{t("cluster.term", { n: c.term })}</span>
          </dd>
        </div>
        <div>
          <dt>Mesos</dt>
          <dd>
            <Badge of={c.mesos.connected ? "active" : "inactive"} />{" "}
            {c.mesos.connected ? t("cluster.connected") : t("cluster.disconnected")}{" "}
            {c.mesos.since && (
              <span className="muted">
                <When at={c.mesos.since} />
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>{t("cluster.agents")}</dt>
          <dd>
            {count(active.length)}
            {lost > 0 && (
              <>
                {" "}
                <Badge of="inactive" /> {count(lost)}
              </>
            )}{" "}
            <span className="muted">
              {t("cluster.use", {
                cpus: part(
                  sum((a) => a.usedCpus),
                  sum((a) => a.cpus),
                ),
                mem: part(
                  sum((a) => a.usedMem),
                  sum((a) => a.mem),
                ),
              })}
            </span>
          </dd>
        </div>
        <div>
          <dt>{t("cluster.queue")}</dt>
          <dd>
            {count(c.queued)} <span className="muted">· {t("cluster.launched", { n: count(c.launched) })}</span>
          </dd>
        </div>
      </dl>
      {c.agentsError && <Failure error={new Error(c.agentsError)} />}
    </section>
  );
}
