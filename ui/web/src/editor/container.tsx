// The container of a task: its image, its folders, its networks.
import { useRef } from "react";
import type { Definition, Json } from "../api";
import { t } from "../i18n";
import { withField } from "./document";
import { Field, type Notes, type Part } from "./field";
import { Rows } from "./rows";

const isObject = (v: Json | undefined): v is Definition => typeof v === "object" && v !== null && !Array.isArray(v);
const pairs = [{ name: "key" }, { name: "value" }];

export function Container({ doc, change, notes }: Part) {
  const c = doc.container;
  const on = isObject(c);
  const kept = useRef<Definition>({ image: "", type: "DOCKER" });
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
      {on && <Inside c={c} notes={notes} set={(next) => change(withField(doc, "container", next))} />}
    </div>
  );
}

function Inside({ c, notes, set }: { c: Definition; notes: Notes; set: (c: Definition) => void }) {
  const put = (name: string, value: Json | undefined) => set(withField(c, name, value));
  const choice = (name: string, values: string[]) => (
    <Field path={`container.${name}`} notes={notes}>
      {(a) => (
        <select {...a} value={String(c[name] ?? "")} onChange={(e) => put(name, e.target.value || undefined)}>
          <option value="">{t("defaultOf", { value: values[0] })}</option>
          {values.map((v) => (
            <option key={v}>{v}</option>
          ))}
        </select>
      )}
    </Field>
  );
  const text = (name: string) => (
    <Field path={`container.${name}`} notes={notes}>
      {(a) => (
        <input
          {...a}
          value={String(c[name] ?? "")}
          onChange={(e) => put(name, e.target.value === "" && name !== "image" ? undefined : e.target.value)}
          spellCheck={false}
        />
      )}
    </Field>
  );
  return (
    <div className="fields">
      {text("image")}
      {choice("type", ["DOCKER", "MESOS"])}
      <Field path="container.forcePullImage" notes={notes}>
        {(a) => (
          <select {...a} value={String(c.forcePullImage ?? false)} onChange={(e) => put("forcePullImage", e.target.value === "true")}>
            <option value="true">{t("yes")}</option>
            <option value="false">{t("no")}</option>
          </select>
        )}
      </Field>
      {choice("network", ["HOST", "BRIDGE", "USER"])}
      {text("networkName")}
      <Rows
        path="container.volumes"
        value={c.volumes}
        set={(v) => put("volumes", v)}
        notes={notes}
        columns={[{ name: "containerPath" }, { name: "hostPath", optional: true }, { name: "mode", values: ["RO", "RW"], optional: true }]}
        more={(row, change) => <External row={row} change={change} notes={notes} />}
      />
      <Rows path="container.parameters" value={c.parameters} set={(v) => put("parameters", v)} notes={notes} columns={pairs} />
      <Rows
        path="container.networkInfos"
        value={c.networkInfos}
        set={(v) => put("networkInfos", v)}
        notes={notes}
        columns={[{ name: "name" }, { name: "protocol", values: ["IPv4", "IPv6"], optional: true }]}
        more={(row, change) => (
          <>
            <Rows
              path="container.networkInfos.portMappings"
              value={row.portMappings}
              set={(v) => change(withField(row, "portMappings", v))}
              notes={notes}
              columns={[{ name: "hostPort" }, { name: "containerPort" }, { name: "protocol", optional: true }]}
            />
            <Rows
              path="container.networkInfos.labels"
              value={row.labels}
              set={(v) => change(withField(row, "labels", v))}
              notes={notes}
              columns={pairs}
            />
          </>
        )}
      />
    </div>
  );
}

/** A volume of a driver instead of a folder of the host. */
function External({ row, change, notes }: { row: Definition; change: (row: Definition) => void; notes: Notes }) {
  const external = row.external;
  const on = isObject(external);
  const path = "container.volumes.external";
  return (
    <div data-field={path}>
      <label className="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(e) => change(withField(row, "external", e.target.checked ? { name: "", provider: "dvdi", options: [] } : undefined))}
        />{" "}
        {t("container.external")}
      </label>
      {on && (
        <div className="fields">
          {["name", "provider"].map((name) => (
            <Field key={name} path={`${path}.${name}`} notes={notes}>
              {(a) => (
                <input
                  {...a}
                  value={String(external[name] ?? "")}
                  onChange={(e) => change({ ...row, external: { ...external, [name]: e.target.value } })}
                  spellCheck={false}
                />
              )}
            </Field>
          ))}
          <Rows
            path={`${path}.options`}
            value={external.options}
            set={(v) => change({ ...row, external: { ...external, options: v } })}
            notes={notes}
            columns={pairs}
          />
        </div>
      )}
    </div>
  );
}
