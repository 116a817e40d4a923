import { useRef, useState } from "react";
import type { Definition, Json } from "../api";
import { t } from "../i18n";
import { withField } from "./document";
import { Field, type Part } from "./field";
import { Rows } from "./rows";

export function Container({ doc, change, notes }: Part) {
  const c = doc.container as Definition | null | undefined;
  const on = typeof c === "object" && c !== null;
  const kept = useRef<Definition>({ image: "", type: "DOCKER" });
  const inner = (next: Definition) => change(withField(doc, "container", next));
  const text = (name: string, values?: string[]) => (
    <Field name={name} notes={new Map()}>
      {(a) =>
        values ? (
          <select {...a} value={String(c?.[name] ?? "")} onChange={(e) => inner(withField(c!, name, e.target.value || undefined))}>
            <option value="">{t("default")}</option>
            {values.map((v) => (
              <option key={v}>{v}</option>
            ))}
          </select>
        ) : (
          <input
            {...a}
            value={String(c?.[name] ?? "")}
            onChange={(e) => inner(withField(c!, name, e.target.value === "" && name !== "image" ? undefined : e.target.value))}
            spellCheck={false}
          />
        )
      }
    </Field>
  );
  const note = notes.get("container");
  return (
    <div data-field="container">
      <label className="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(e) => {
            if (on) kept.current = c;
            change(withField(doc, "container", e.target.checked ? kept.current : undefined));
          }}
        />{" "}
        {t("container.use")}
      </label>
      {note && <small className={note.bad ? "bad" : "warn"}>{note.text}</small>}
      {on && (
        <div className="fields">
          {text("image")}
          {text("type", ["DOCKER", "MESOS"])}
          {text("network", ["HOST", "BRIDGE", "USER"])}
          {text("networkName")}
          <Field name="forcePullImage" notes={new Map()}>
            {(a) => (
              <select
                {...a}
                value={String(c.forcePullImage ?? false)}
                onChange={(e) => inner(withField(c, "forcePullImage", e.target.value === "true"))}
              >
                <option value="true">{t("yes")}</option>
                <option value="false">{t("no")}</option>
              </select>
            )}
          </Field>
          <Rows
            doc={doc}
            change={change}
            notes={notes}
            inside="container"
            name="volumes"
            columns={[
              ["hostPath", "text"],
              ["containerPath", "text"],
              ["mode", "text"],
            ]}
          />
          <Rows
            doc={doc}
            change={change}
            notes={notes}
            inside="container"
            name="parameters"
            columns={[
              ["key", "text"],
              ["value", "text"],
            ]}
          />
          <JsonBox name="networkInfos" value={c.networkInfos} set={(v) => inner(withField(c, "networkInfos", v))} />
        </div>
      )}
    </div>
  );
}

/** What is too deep for a form, as text. */
function JsonBox({ name, value, set }: { name: string; value: Json | undefined; set: (v: Json | undefined) => void }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [bad, setBad] = useState<string>();
  return (
    <Field name={name} notes={new Map(bad ? [[name, { bad: true, text: bad }]] : [])} wide>
      {(a) => (
        <textarea
          {...a}
          className="mono"
          rows={3}
          value={text}
          placeholder="[]"
          spellCheck={false}
          onChange={(e) => {
            setText(e.target.value);
            try {
              set(e.target.value.trim() === "" ? undefined : (JSON.parse(e.target.value) as Json));
              setBad(undefined);
            } catch (x) {
              setBad(x instanceof Error ? x.message : String(x));
            }
          }}
        />
      )}
    </Field>
  );
}
