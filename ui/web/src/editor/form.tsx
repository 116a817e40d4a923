import { type ReactNode, useEffect, useState } from "react";
import type { Definition } from "../api";
import { t } from "../i18n";
import { Container } from "./container";
import { Field, type Notes, type Part } from "./field";
import { known, type Section, sections } from "./fields";
import { Plain } from "./plain";
import { Rows } from "./rows";
import { WhenPart } from "./when";
import { Where } from "./where";

interface Props extends Part {
  name?: string; // of a new job
  setName: (name: string) => void;
  jobName: string;
}

export function Form({ doc, change, notes, name, setName, jobName }: Props) {
  const part = { doc, change, notes };
  const unknown = Object.keys(doc).filter((k) => !known.has(k));
  return (
    <>
      {name !== undefined && (
        <section className="card sheet">
          <div className="fields">
            <Field name="name" notes={notes} wide>
              {(a) => <input {...a} value={name} onChange={(e) => setName(e.target.value)} spellCheck={false} required />}
            </Field>
          </div>
        </section>
      )}
      {sections.map((s) => (
        <Sheet key={s.key} section={s} notes={notes} doc={doc}>
          {s.key === "section.where" && <Where {...part} />}
          {s.key === "section.when" && <WhenPart {...part} jobName={jobName} />}
          {s.key === "section.container" && <Container {...part} />}
          {s.fields.length > 0 && (
            <div className="fields">
              {s.fields.map((spec) =>
                spec.name === "environmentVariables" ? (
                  <Rows
                    key={spec.name}
                    {...part}
                    name={spec.name}
                    columns={[
                      ["name", "text"],
                      ["value", "text"],
                    ]}
                  />
                ) : spec.name === "fetch" ? (
                  <Rows
                    key={spec.name}
                    {...part}
                    name={spec.name}
                    columns={[
                      ["uri", "text"],
                      ["executable", "bool"],
                      ["cache", "bool"],
                      ["extract", "bool"],
                      ["output_file", "text"],
                    ]}
                  />
                ) : (
                  <Plain key={spec.name} {...part} spec={spec} />
                ),
              )}
            </div>
          )}
        </Sheet>
      ))}
      {unknown.length > 0 && (
        <p className="muted">
          {t("editor.unknown")} <code>{unknown.join(", ")}</code>
        </p>
      )}
    </>
  );
}

function Sheet({ section, notes, doc, children }: { section: Section; notes: Notes; doc: Definition; children: ReactNode }) {
  const names = section.key === "section.container" ? ["container"] : section.fields.map((f) => f.name);
  const used = names.some((n) => {
    const v = doc[n];
    return v !== undefined && v !== "" && v !== false && !(Array.isArray(v) && v.length === 0) && !(n === "shell" && v === true);
  });
  const bad = names.some((n) => notes.get(n)?.bad);
  const [open, setOpen] = useState(section.open || used);
  useEffect(() => {
    if (bad) setOpen(true);
  }, [bad]);
  return (
    <details className="card sheet" open={open} onToggle={(e) => setOpen((e.target as HTMLDetailsElement).open)}>
      <summary>
        <h2>{t(section.key)}</h2>
      </summary>
      {open && children}
    </details>
  );
}
