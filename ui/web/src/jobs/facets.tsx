// How many jobs have which state, kind, owner and user.
import { memo } from "react";
import { count } from "../format";
import { type Key, t } from "../i18n";
import { stateWord } from "../parts";
import { term, toggleTerm } from "./words";

const fields: [string, Key][] = [
  ["state", "col.state"],
  ["kind", "col.kind"],
  ["owner", "col.owner"],
  ["user", "col.user"],
];

export const facetNames = fields.map(([f]) => f).join(",");

export type Counts = Record<string, Record<string, number>>;

const label = (field: string, value: string) =>
  field === "state" ? stateWord(value) : field === "kind" ? t(`kind.${value}` as Key) : value || t("none");

export const Facets = memo(function Facets({ q, setQ, facets }: { q: string; setQ: (q: string) => void; facets?: Counts }) {
  return (
    <aside className="facets" aria-label={t("jobs.facets")}>
      {fields.map(([field, key]) => {
        const values = Object.entries(facets?.[field] ?? {}).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
        if (values.length === 0) return null;
        return (
          <section key={field}>
            <h2>{t(key)}</h2>
            <ul>
              {values.slice(0, 12).map(([value, n]) => {
                const wanted = value ? term(field, value) : "";
                const on = wanted !== "" && ` ${q} `.includes(` ${wanted} `);
                return (
                  <li key={value}>
                    <button type="button" aria-pressed={on} disabled={!wanted} onClick={() => setQ(toggleTerm(q, wanted))}>
                      <span className="clip">{label(field, value)}</span>
                      <span className="num">{count(n)}</span>
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </aside>
  );
});
