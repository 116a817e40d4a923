// The attempts of a run, with the instants at which each one got further.
import type { Attempt, Run } from "../api";
import { absolute, isTime, span } from "../format";
import { has, type Key, t } from "../i18n";
import { Badge, Card, useNow } from "../parts";

export function outcomeOf(a: Attempt): string {
  if (!isTime(a.ended)) return a.state === "TASK_RUNNING" ? "running" : "staging";
  if (a.state === "TASK_FINISHED") return "succeeded";
  return a.state === "TASK_KILLED" ? "killed" : "failed";
}

export function AttemptTable({ run, picked, pick }: { run: Run; picked?: number; pick: (n: number) => void }) {
  const now = useNow();
  return (
    <Card title={t("run.attempts")}>
      <div className="scroll-x" tabIndex={0}>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">{t("run.attempt")}</th>
              <th scope="col">{t("col.state")}</th>
              <th scope="col">{t("col.host")}</th>
              <th scope="col">{t("run.offered")}</th>
              <th scope="col">{t("run.began")}</th>
              <th scope="col">{t("run.ended")}</th>
              <th scope="col">{t("col.duration")}</th>
              <th scope="col">{t("run.exit")}</th>
              <th scope="col">{t("reason")}</th>
            </tr>
          </thead>
          <tbody>
            {run.attempts.map((a) => {
              const key = `mesos.${a.reason}`;
              return (
                <tr key={a.number} className={a.number === picked ? "picked" : ""}>
                  <td>
                    <button type="button" aria-pressed={a.number === picked} onClick={() => pick(a.number)}>
                      {a.number}
                    </button>
                  </td>
                  <td>
                    <Badge of={outcomeOf(a)} title={a.state} />
                  </td>
                  <td>{a.host}</td>
                  <td className="num">{absolute(a.launched)}</td>
                  <td className="num">{absolute(a.running)}</td>
                  <td className="num">{absolute(a.ended)}</td>
                  <td className="num">
                    {isTime(a.running) ? span((isTime(a.ended) ? Date.parse(a.ended) : now) - Date.parse(a.running)) : "–"}
                  </td>
                  <td className="num">{a.exitCode ?? "–"}</td>
                  <td>
                    {has(key) ? t(key as Key) : a.reason} {a.message}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
