// The cluster: who leads, Mesos, agents, offers, and what waits for them.
import { useQuery } from "@tanstack/react-query";
import { type Cluster, get } from "../api";
import { count } from "../format";
import { t } from "../i18n";
import { Badge, Card, Empty, Failure, Shape, When } from "../parts";
import { to } from "../router";

function Meter({ used, of, label }: { used: number; of: number; label: string }) {
  return (
    <span className="meter" title={label}>
      <meter min={0} max={of || 1} value={Math.min(used, of)} aria-label={label} />
      <span className="num">
        {count(Math.round(used * 10) / 10)} / {count(of)}
      </span>
    </span>
  );
}

export function Hosts() {
  const q = useQuery({ queryKey: ["cluster"], queryFn: ({ signal }) => get<Cluster>("cluster", signal), refetchInterval: 5000 });
  const c = q.data;
  return (
    <div className="page">
      <h1>{t("nav.cluster")}</h1>
      {!c && <Failure error={q.error} />}
      {c && (
        <>
          <div className="tiles">
            <div className="tile">
              <span>{t("cluster.leader")}</span>
              <b>{c.leader || "–"}</b>
              <small>{t("cluster.term", { n: c.term })}</small>
            </div>
            <div className="tile">
              <span>{t("cluster.store")}</span>
              <b>{t(c.stale ? "cluster.stale" : "cluster.connected")}</b>
              <small title={c.store}>{c.store}</small>
            </div>
            <div className="tile">
              <span>Mesos</span>
              <b>
                <Shape of={c.mesos.connected ? "succeeded" : "failed"} />{" "}
                {t(c.mesos.connected ? "cluster.connected" : "cluster.disconnected")}
              </b>
              <small>{c.mesos.frameworkId}</small>
            </div>
            <div className="tile">
              <span>{t("cluster.agents")}</span>
              <b>{count(c.agents.length)}</b>
              <small>{t(c.mesos.suppressed ? "cluster.suppressed" : "cluster.offering", { n: c.offers.length })}</small>
            </div>
            <div className="tile">
              <span>{t("cluster.queue")}</span>
              <b>{count(c.queued)}</b>
              <small>{t("cluster.launched", { n: count(c.launched) })}</small>
            </div>
          </div>
          {c.agentsError && <Failure error={new Error(c.agentsError)} />}
          <Card title={t("cluster.agents")}>
            {c.agents.length === 0 ? (
              <Empty>{t("cluster.noAgents")}</Empty>
            ) : (
              <div className="scroll-x" tabIndex={0}>
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col">{t("col.host")}</th>
                      <th scope="col">{t("col.state")}</th>
                      <th scope="col">CPU</th>
                      <th scope="col">{t("field.mem")}</th>
                      <th scope="col">{t("field.disk")}</th>
                      <th scope="col">{t("field.gpus")}</th>
                      <th scope="col">{t("cluster.attributes")}</th>
                      <th scope="col">{t("cluster.version")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {c.agents.map((a) => (
                      <tr key={a.id}>
                        <th scope="row">{a.hostname}</th>
                        <td>
                          <Badge of={a.active ? "active" : "inactive"} />
                        </td>
                        <td>
                          <Meter used={a.usedCpus} of={a.cpus} label={`CPU ${a.hostname}`} />
                        </td>
                        <td>
                          <Meter used={a.usedMem} of={a.mem} label={`${t("field.mem")} ${a.hostname}`} />
                        </td>
                        <td>
                          <span className="num">{count(a.disk)}</span>
                        </td>
                        <td className="num">{a.gpus ?? "–"}</td>
                        <td>
                          {Object.entries(a.attributes ?? {}).map(([k, v]) => (
                            <code key={k}>
                              {k}={v}
                            </code>
                          ))}
                        </td>
                        <td>{a.version}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
          <Card title={t("cluster.offers")}>
            {c.offers.length === 0 ? (
              <Empty>{t(c.mesos.suppressed ? "cluster.suppressed" : "cluster.noOffers")}</Empty>
            ) : (
              <div className="scroll-x short" tabIndex={0}>
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col">{t("col.host")}</th>
                      <th scope="col">CPU</th>
                      <th scope="col">{t("field.mem")}</th>
                      <th scope="col">{t("field.disk")}</th>
                      <th scope="col">{t("since")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {c.offers.map((o, i) => (
                      <tr key={i}>
                        <th scope="row">{o.hostname}</th>
                        <td className="num">{count(o.cpus)}</td>
                        <td className="num">{count(o.mem)}</td>
                        <td className="num">{count(o.disk)}</td>
                        <td>
                          <When at={o.since} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
          <Card title={t("cluster.waiting")}>
            {!c.queue?.length ? (
              <Empty>{t("cluster.noQueue")}</Empty>
            ) : (
              <div className="scroll-x" tabIndex={0}>
                <table className="data">
                  <thead>
                    <tr>
                      <th scope="col">{t("col.job")}</th>
                      <th scope="col">{t("since")}</th>
                      <th scope="col">{t("reason")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {c.queue.map((x) => (
                      <tr key={x.run}>
                        <td>
                          <a href={to(["runs", x.run])}>{x.job}</a>
                        </td>
                        <td>
                          <When at={x.since} />
                        </td>
                        <td>{x.reason}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
        </>
      )}
    </div>
  );
}
