// The form: every field of a definition.
import { type ReactNode, useEffect, useState } from "react";
import type { Defaults, Definition } from "../api";
import { useDefaults } from "../defaults";
import { type Key, t } from "../i18n";
import { Container } from "./container";
import { withField } from "./document";
import { Field, type Notes, type Part } from "./field";
import { known, lists, type Section, scheduleFields, sections } from "./fields";
import { Plain } from "./plain";
import { Rows } from "./rows";
import { WhenPart } from "./when";
import { Where } from "./where";

interface Props extends Part {
  name?: string; // of a new job
  setName: (name: string) => void;
  jobName: string;
}

/** What stands in empty fields: what the server takes then. */
function hintsOf(d: Defaults | undefined): Record<string, string> {
  if (!d) return {};
  const { cpus, mem, disk, retries, maxConcurrent, runAsUser, retryIntervalMs } = d;
  return {
    ...Object.fromEntries(Object.entries({ cpus, mem, disk, retries, maxConcurrent }).map(([k, v]) => [k, String(v)])),
    runAsUser,
    retryInterval: `${retryIntervalMs / 1000}s`,
  };
}

export function Form({ doc, change, notes, name, setName, jobName }: Props) {
  const part = { doc, change, notes };
  const hints = hintsOf(useDefaults());
  const unknown = Object.keys(doc).filter((k) => !known.has(k));
  return (
    <>
      {typeof doc.managedBy === "string" && doc.managedBy !== "" && (
        <p className="notice" data-field="managedBy">
          {t("editor.managedBy", { folder: doc.managedBy })}
        </p>
      )}
      {name !== undefined && (
        <section className="card sheet">
          <div className="fields">
            <Field path="name" notes={notes} wide>
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
                lists[spec.name] ? (
                  <Rows
                    key={spec.name}
                    path={spec.name}
                    value={doc[spec.name]}
                    set={(v) => change(withField(doc, spec.name, v))}
                    columns={lists[spec.name]}
                    notes={notes}
                  />
                ) : (
                  <Plain key={spec.name} {...part} spec={spec} hint={hints[spec.name] ?? spec.hint} />
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

/** What sections have beside fields of one control. */
const inside: Partial<Record<Key, string[]>> = {
  "section.where": ["constraints"],
  "section.when": ["schedule", "scheduleTimeZone", ...scheduleFields.map((f) => f.name), "parents", "parentsMode", "trigger"],
  "section.container": ["container"],
};

function Sheet({ section, notes, doc, children }: { section: Section; notes: Notes; doc: Definition; children: ReactNode }) {
  const names = [...(inside[section.key] ?? []), ...section.fields.map((f) => f.name)];
  const used = names.some((n) => {
    const v = doc[n];
    return v !== undefined && v !== "" && v !== false && !(Array.isArray(v) && v.length === 0) && !(n === "shell" && v === true);
  });
  const bad = [...notes].some(([path, n]) => n.bad && names.includes(path.split(".")[0]));
  const [open, setOpen] = useState(section.open || used);
  useEffect(() => {
    if (bad) setOpen(true);
  }, [bad]);
  return (
    <details
      className="card sheet"
      data-fields={names.join(" ")}
      open={open}
      onToggle={(e) => setOpen((e.target as HTMLDetailsElement).open)}
    >
      <summary>
        <h2>{t(section.key)}</h2>
      </summary>
      {open && children}
    </details>
  );
}
