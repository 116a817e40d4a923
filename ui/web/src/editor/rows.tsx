import type { Definition, Json } from "../api";
import { t } from "../i18n";
import { withField } from "./document";
import { label, type Part } from "./field";

type Row = { [name: string]: Json };

/** A list of objects as rows; members that have no column stay as they are. */
export function Rows({
  doc,
  change,
  notes,
  name,
  columns,
  inside,
}: Part & { name: string; columns: [string, "text" | "bool" | "number"][]; inside?: string }) {
  const holder = (inside ? doc[inside] : doc) as Definition | undefined;
  const list = Array.isArray(holder?.[name]) ? (holder[name] as Row[]) : [];
  const set = (rows: Row[]) => {
    if (inside) change(withField(doc, inside, withField(holder ?? {}, name, rows)));
    else change(withField(doc, name, rows));
  };
  return (
    <fieldset className="field wide rows" data-field={name}>
      <legend>
        {label(name)} <code>{name}</code>
      </legend>
      {list.map((row, i) => (
        <div key={i} className="rowline">
          {columns.map(([column, kind]) =>
            kind === "bool" ? (
              <label key={column}>
                <input
                  type="checkbox"
                  checked={row[column] === true}
                  onChange={(e) => set(list.map((r, k) => (k === i ? { ...r, [column]: e.target.checked } : r)))}
                />{" "}
                {label(column)}
              </label>
            ) : (
              <input
                key={column}
                aria-label={`${label(name)} ${i + 1}: ${label(column)}`}
                placeholder={label(column)}
                value={String(row[column] ?? "")}
                onChange={(e) =>
                  set(
                    list.map((r, k) =>
                      k === i
                        ? (withField(r, column, e.target.value === "" && column === "output_file" ? undefined : e.target.value) as Row)
                        : r,
                    ),
                  )
                }
                spellCheck={false}
              />
            ),
          )}
          <button type="button" className="ghost" aria-label={t("remove")} onClick={() => set(list.filter((_, k) => k !== i))}>
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() =>
          set([
            ...list,
            Object.fromEntries(
              columns
                .filter(([, k]) => k === "text")
                .filter(([c]) => c !== "output_file")
                .map(([c]) => [c, ""]),
            ),
          ])
        }
      >
        + {t("add")}
      </button>
      {notes.get(inside ?? name)?.bad && <small className="bad">{notes.get(inside ?? name)?.text}</small>}
    </fieldset>
  );
}
