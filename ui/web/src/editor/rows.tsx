// Lists of objects.
import type { ReactNode } from "react";
import type { Definition, Json } from "../api";
import { t } from "../i18n";
import { withField } from "./document";
import { label, type Notes, NotesOf } from "./field";

export interface Column {
  name: string;
  kind?: "text" | "bool";
  values?: string[]; // a choice of these
  optional?: boolean; // an empty one is left out
  on?: boolean; // what a missing bool means
}

interface Props {
  path: string;
  value: Json | undefined;
  set: (rows: Json) => void;
  columns: Column[];
  notes: Notes;
  fresh?: Definition; // members of a new row beside its texts
  more?: (row: Definition, set: (row: Definition) => void) => ReactNode; // below each row
}

/** A list of objects as rows; members that have no control stay as they are. */
export function Rows({ path, value, set, columns, notes, fresh, more }: Props) {
  const list = Array.isArray(value) ? (value as Definition[]) : [];
  const replace = (i: number, row: Definition) => set(list.map((r, k) => (k === i ? row : r)));
  const blank = () =>
    Object.fromEntries(columns.filter((c) => (c.kind ?? "text") === "text" && !c.optional).map((c) => [c.name, ""])) as Definition;
  return (
    <fieldset className="field wide rows" data-field={path}>
      <legend>
        {label(path)} <code>{path.slice(path.lastIndexOf(".") + 1)}</code>
      </legend>
      {list.map((row, i) => (
        <div key={i} className={more ? "rowbox" : ""}>
          <div className="rowline">
            {columns.map((c) => (
              <Cell key={c.name} path={path} column={c} at={i} row={row} change={(r) => replace(i, r)} />
            ))}
            <button
              type="button"
              className="ghost"
              aria-label={`${t("remove")} ${label(path)} ${i + 1}`}
              onClick={() => set(list.filter((_, k) => k !== i))}
            >
              ✕
            </button>
          </div>
          {more?.(row, (r) => replace(i, r))}
        </div>
      ))}
      <button type="button" onClick={() => set([...list, { ...blank(), ...fresh }])}>
        + {t("add")}
      </button>
      <NotesOf path={path} notes={notes} />
    </fieldset>
  );
}

function Cell({
  path,
  column,
  at,
  row,
  change,
}: {
  path: string;
  column: Column;
  at: number;
  row: Definition;
  change: (row: Definition) => void;
}) {
  const inner = `${path}.${column.name}`;
  const value = row[column.name];
  const put = (v: Json | undefined) => change(withField(row, column.name, v));
  const name = `${label(path)} ${at + 1}: ${label(inner)}`;
  if (column.kind === "bool") {
    return (
      <label>
        <input
          type="checkbox"
          data-field={inner}
          checked={value === undefined ? column.on === true : value === true}
          onChange={(e) => put(e.target.checked)}
        />{" "}
        {label(inner)}
      </label>
    );
  }
  const text = String(value ?? "");
  const typed = (v: string) => put(v === "" && column.optional ? undefined : v);
  if (column.values) {
    return (
      <select aria-label={name} data-field={inner} value={text} onChange={(e) => typed(e.target.value)}>
        <option value="">{`${label(inner)}: ${t("default")}`}</option>
        {text && !column.values.includes(text) && <option>{text}</option>}
        {column.values.map((v) => (
          <option key={v}>{v}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      aria-label={name}
      data-field={inner}
      placeholder={label(inner)}
      value={text}
      onChange={(e) => typed(e.target.value)}
      spellCheck={false}
    />
  );
}
