// Fields of one value: a text, a number, a choice, lines.
import { useEffect, useRef, useState } from "react";
import type { Json } from "../api";
import { has, type Key, t } from "../i18n";
import { withField } from "./document";
import { type Attributes, Field, type Part } from "./field";
import type { Spec } from "./fields";

export function Plain({ doc, change, notes, spec, hint = spec.hint }: Part & { spec: Spec; hint?: string }) {
  const word = (v: string) => (has(`${spec.name}.${v}`) ? t(`${spec.name}.${v}` as Key) : v);
  const value = doc[spec.name];
  const set = (v: Json | undefined) => change(withField(doc, spec.name, v));
  return (
    <Field path={spec.name} notes={notes} wide={spec.wide}>
      {(a) => {
        switch (spec.kind) {
          case "area":
            return (
              <textarea
                {...a}
                className="mono"
                rows={3}
                value={String(value ?? "")}
                onChange={(e) => set(e.target.value)}
                spellCheck={false}
              />
            );
          case "bool":
            return (
              <select {...a} value={String(value ?? spec.off ?? false)} onChange={(e) => set(e.target.value === "true")}>
                <option value="true">{t("yes")}</option>
                <option value="false">{t("no")}</option>
              </select>
            );
          case "enum":
            return (
              <select {...a} value={String(value ?? "")} onChange={(e) => set(e.target.value || undefined)}>
                <option value="">{t("defaultOf", { value: word(spec.values![0]) })}</option>
                {typeof value === "string" && value !== "" && !spec.values!.includes(value) && <option>{value}</option>}
                {spec.values!.map((v) => (
                  <option key={v} value={v}>
                    {word(v)}
                  </option>
                ))}
              </select>
            );
          case "lines":
            return <Lines a={a} value={value} set={set} hint={hint} />;
          case "int":
          case "number":
            return <NumberBox a={a} value={value} set={set} whole={spec.kind === "int"} hint={hint} />;
          default:
            return (
              <input
                {...a}
                value={String(value ?? "")}
                placeholder={hint}
                onChange={(e) => set(e.target.value === "" && spec.kind !== "text" ? undefined : e.target.value)}
                spellCheck={false}
              />
            );
        }
      }}
    </Field>
  );
}

/** A number while it is typed may be none yet; then the server says so. */
function NumberBox({
  a,
  value,
  set,
  whole,
  hint,
}: {
  a: Attributes;
  value: Json | undefined;
  set: (v: Json | undefined) => void;
  whole: boolean;
  hint?: string;
}) {
  const [text, setText] = useState(String(value ?? ""));
  const given = useRef(value);
  useEffect(() => {
    if (value !== given.current) {
      given.current = value;
      setText(String(value ?? ""));
    }
  }, [value]);
  return (
    <input
      {...a}
      inputMode={whole ? "numeric" : "decimal"}
      value={text}
      placeholder={hint}
      onChange={(e) => {
        const typed = e.target.value;
        const n = Number(typed);
        given.current = typed.trim() === "" ? undefined : Number.isFinite(n) ? n : typed;
        setText(typed);
        set(given.current);
      }}
    />
  );
}

/** A list of texts, one a line. */
function Lines({ a, value, set, hint }: { a: Attributes; value: Json | undefined; set: (v: Json | undefined) => void; hint?: string }) {
  const list = Array.isArray(value) ? value.map(String) : value === undefined || value === "" ? [] : [String(value)];
  return (
    <textarea
      {...a}
      className="mono"
      rows={Math.min(6, Math.max(2, list.length))}
      placeholder={hint}
      value={list.join("\n")}
      onChange={(e) => set(e.target.value === "" ? (Array.isArray(value) ? [] : undefined) : e.target.value.split("\n"))}
      spellCheck={false}
    />
  );
}
