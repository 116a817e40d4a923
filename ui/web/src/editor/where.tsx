// On which hosts.
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type Cluster, get } from "../api";
import { count } from "../format";
import { type Key, t } from "../i18n";
import { type Constraint, constraintsOf, pin, pinnedHosts, withField } from "./document";
import type { Part } from "./field";

const operators = ["EQUALS", "LIKE", "UNLIKE"];

export function Where({ doc, change, notes }: Part) {
  const cluster = useQuery({ queryKey: ["cluster"], queryFn: ({ signal }) => get<Cluster>("cluster", signal) });
  const [search, setSearch] = useState("");
  const list = constraintsOf(doc);
  const pinned = pinnedHosts(list);
  const chosen = pinned?.hosts ?? [];
  const set = (c: Constraint[]) => change(withField(doc, "constraints", c));
  const agents = cluster.data?.agents ?? [];
  const missing = chosen.filter((h) => !agents.some((a) => a.hostname === h));
  const attributes = cluster.data?.attributes ?? {};
  const ids = useId();
  const fitting = agents.filter((a) => {
    const text = `${a.hostname} ${Object.entries(a.attributes ?? {})
      .flat()
      .join(" ")}`.toLowerCase();
    return text.includes(search.toLowerCase());
  });
  const toggle = (host: string) => set(pin(list, chosen.includes(host) ? chosen.filter((h) => h !== host) : [...chosen, host]));
  const rest = list.map((c, i) => ({ c, i })).filter(({ i }) => i !== pinned?.at);
  const note = notes.get("constraints");
  return (
    <div className="where" data-field="constraints">
      <fieldset className="field wide">
        <legend>
          {t("where.hosts")} <code>constraints</code>
        </legend>
        <p className="muted">{chosen.length === 0 ? t("where.any") : t("where.only", { hosts: chosen.join(", ") })}</p>
        {agents.length > 8 && (
          <input
            type="search"
            aria-label={t("where.search")}
            placeholder={t("where.search")}
            value={search}
            onChange={(e) => setSearch(e.target.value)}
          />
        )}
        <div className="hosts">
          {missing.map((h) => (
            <label key={h} className="host gone">
              <input type="checkbox" checked onChange={() => toggle(h)} /> <b>{h}</b> <span className="bad">{t("where.gone")}</span>
            </label>
          ))}
          {fitting.slice(0, 200).map((a) => (
            <label key={a.id} className="host">
              <input type="checkbox" checked={chosen.includes(a.hostname)} onChange={() => toggle(a.hostname)} /> <b>{a.hostname}</b>
              <span className="muted">
                {count(Math.round((a.cpus - a.usedCpus) * 10) / 10)} CPU
                {Object.entries(a.attributes ?? {}).map(([k, v]) => ` · ${k}=${v}`)}
              </span>
            </label>
          ))}
          {cluster.data?.agentsError && <span className="bad">{cluster.data.agentsError}</span>}
        </div>
      </fieldset>
      <fieldset className="field wide rows">
        <legend>{t("where.attributes")}</legend>
        {rest.map(({ c, i }) => (
          <div key={i} className="rowline">
            <input
              aria-label={t("where.attribute")}
              placeholder={t("where.attribute")}
              list={`${ids}-names`}
              value={c[0]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [e.target.value, x[1], x[2]] : x)))}
              spellCheck={false}
            />
            <select
              aria-label={t("where.operator")}
              value={c[1]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [x[0], e.target.value, x[2]] : x)))}
            >
              {!operators.includes(c[1]) && <option>{c[1]}</option>}
              {operators.map((o) => (
                <option key={o} value={o}>
                  {t(`operator.${o}` as Key)}
                </option>
              ))}
            </select>
            <input
              aria-label={t("where.value")}
              placeholder={t("where.value")}
              list={`${ids}-${c[0]}`}
              value={c[2]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [x[0], x[1], e.target.value] : x)))}
              spellCheck={false}
            />
            <button type="button" className="ghost" aria-label={t("remove")} onClick={() => set(list.filter((_, k) => k !== i))}>
              ✕
            </button>
          </div>
        ))}
        <button type="button" onClick={() => set([...list, ["", "EQUALS", ""]])}>
          + {t("where.add")}
        </button>
        <datalist id={`${ids}-names`}>
          {Object.keys(attributes).map((n) => (
            <option key={n} value={n} />
          ))}
        </datalist>
        {Object.entries(attributes).map(([n, values]) => (
          <datalist key={n} id={`${ids}-${n}`}>
            {values.map((v) => (
              <option key={v} value={v} />
            ))}
          </datalist>
        ))}
        {note && <small className={note.bad ? "bad" : "warn"}>{note.text}</small>}
      </fieldset>
    </div>
  );
}
