// The definition of a job in short: what it runs, where, and by which policies.
import type { ReactNode } from "react";
import type { JobDocument } from "../api";
import { useDefaults } from "../defaults";
import { count, duration, span } from "../format";
import { has, type Key, t } from "../i18n";
import { Card, When } from "../parts";
import { to } from "../router";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Fields that are told of only if they say something. */
const others = ["maxConcurrent", "parentsMode", "epsilon", "jitter", "timeout", "expectedDuration", "notBefore", "notAfter"];
const more = ["softError", "highPriority", "notify", "async", "managedBy"];

export function Facts({ doc }: { doc: JobDocument }) {
  const d = doc.definition;
  const defaults = useDefaults();
  const text = (name: string) => (d[name] === undefined || d[name] === "" ? undefined : String(d[name]));
  const word = (name: string, value: string) => (has(`${name}.${value}`) ? t(`${name}.${value}` as Key) : duration(value));
  const constraints = (d.constraints as string[][] | undefined) ?? [];
  const container = d.container as { image?: string; type?: string } | undefined;
  const retries = Number(d.retries ?? defaults?.retries ?? 0);
  const interval = text("retryInterval");
  const each = interval ? duration(interval) : defaults && `${span(defaults.retryIntervalMs)} (${t("default")})`;
  return (
    <Card
      title={t("job.definition")}
      extra={<a href={to(["jobs", doc.name, "definition"])}>{t(doc.may.act ? "act.edit" : "revision.show")}</a>}
    >
      <pre className="command">{text("command") ?? "–"}</pre>
      <dl>
        <Fact name={t("field.runAsUser")}>{text("runAsUser") ?? "–"}</Fact>
        <Fact name={t("field.retries")}>
          {retries === 0 ? t("job.noRetries") : t("job.retries", { n: count(retries), interval: each || "…" })}
          {text("retryBackoff") && ` · ${word("retryBackoff", text("retryBackoff")!)}`}
        </Fact>
        <Fact name={t("section.where")}>
          {constraints.length === 0 ? t("job.anywhere") : constraints.map((c) => <code key={c.join()}>{c.join(" ")}</code>)}
        </Fact>
        {container && (
          <Fact name={t("section.container")}>
            <code>{container.image}</code> {container.type}
          </Fact>
        )}
        <Fact name={t("job.resources")}>
          {t("job.resourcesOf", { cpus: String(d.cpus), mem: String(d.mem), disk: String(d.disk) })}
          {d.gpus ? ` · ${d.gpus} GPU` : ""}
        </Fact>
        <Fact name={t("field.overlap")}>{word("overlap", text("overlap") ?? "queue")}</Fact>
        {doc.row.schedule && <Fact name={t("field.catchUp")}>{word("catchUp", text("catchUp") ?? "latest")}</Fact>}
        {others
          .filter((n) => text(n))
          .map((n) => (
            <Fact key={n} name={t(`field.${n}` as Key)}>
              {word(n, text(n)!)}
            </Fact>
          ))}
        {more
          .filter((n) => text(n) && d[n] !== false)
          .map((n) => (
            <Fact key={n} name={t(`field.${n}` as Key)}>
              {d[n] === true ? t("yes") : text(n)}
            </Fact>
          ))}
        <Fact name={t("field.owner")}>{[text("owner"), text("ownerName")].filter(Boolean).join(", ") || "–"}</Fact>
        <Fact name={t("job.changed")}>
          <When at={doc.row.updated} full /> {doc.updatedBy}
        </Fact>
      </dl>
    </Card>
  );
}
