import { useId, useRef } from "react";
import type { Definition } from "../api";
import { type Key, t } from "../i18n";
import { withField } from "./document";
import { Field, type Part } from "./field";
import { scheduleFields } from "./fields";
import { Parents } from "./parents";
import { Plain } from "./plain";

type Mode = "schedule" | "parents" | "trigger";

const modeFields: Record<Mode, string[]> = {
  schedule: ["schedule", "scheduleTimeZone", "notBefore", "notAfter", "jitter", "dstGap", "dstOverlap"],
  parents: ["parents", "parentsMode"],
  trigger: ["trigger", "parentsMode"],
};

const examples: [string, Key][] = [
  ["*/10 * * * *", "example.10m"],
  ["0 * * * *", "example.hour"],
  ["0 3 * * *", "example.day"],
  ["0 6 * * 1-5", "example.weekdays"],
  ["0 4 1 * *", "example.month"],
  ["R//PT30S", "example.30s"],
];

export function WhenPart({ doc, change, notes, jobName }: Part & { jobName: string }) {
  const mode: Mode = doc.schedule !== undefined ? "schedule" : doc.trigger !== undefined ? "trigger" : "parents";
  const kept = useRef<Definition>({});
  const zones = useId();
  const turn = (next: Mode) => {
    if (next === mode) return;
    let out = { ...doc };
    for (const f of modeFields[mode]) {
      if (out[f] !== undefined) kept.current[f] = out[f];
      out = withField(out, f, undefined);
    }
    for (const f of modeFields[next]) if (kept.current[f] !== undefined) out[f] = kept.current[f];
    if (next === "schedule") out.schedule ??= "0 * * * *";
    if (next === "parents") out.parents ??= [];
    if (next === "trigger") out.trigger ??= ((kept.current.parents as string[]) ?? []).map(quoteName).join(" && ");
    change(out);
  };
  return (
    <>
      <div className="switch" role="group" aria-label={t("section.when")}>
        {(["schedule", "parents", "trigger"] as Mode[]).map((m) => (
          <button key={m} type="button" aria-pressed={m === mode} onClick={() => turn(m)}>
            {t(`mode.${m}` as Key)}
          </button>
        ))}
      </div>
      {mode === "schedule" && (
        <div className="fields">
          <Field name="schedule" notes={notes}>
            {(a) => (
              <input
                {...a}
                className="mono"
                value={String(doc.schedule ?? "")}
                onChange={(e) => change(withField(doc, "schedule", e.target.value))}
                spellCheck={false}
              />
            )}
          </Field>
          <Field name="scheduleTimeZone" notes={notes}>
            {(a) => (
              <>
                <input
                  {...a}
                  list={zones}
                  placeholder="UTC"
                  value={String(doc.scheduleTimeZone ?? "")}
                  onChange={(e) => change(withField(doc, "scheduleTimeZone", e.target.value))}
                  spellCheck={false}
                />
                <datalist id={zones}>
                  {Intl.supportedValuesOf("timeZone").map((z) => (
                    <option key={z} value={z} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <div className="field wide examples">
            {examples.map(([text, key]) => (
              <button key={text} type="button" className="chip" onClick={() => change(withField(doc, "schedule", text))}>
                {t(key)}
              </button>
            ))}
          </div>
          {scheduleFields.map((spec) => (
            <Plain key={spec.name} doc={doc} change={change} notes={notes} spec={spec} />
          ))}
        </div>
      )}
      {mode === "parents" && <Parents doc={doc} change={change} notes={notes} jobName={jobName} />}
      {mode === "trigger" && (
        <div className="fields">
          <Field name="trigger" notes={notes} wide>
            {(a) => (
              <textarea
                {...a}
                className="mono"
                rows={2}
                placeholder="A && (B || failed(C))"
                value={String(doc.trigger ?? "")}
                onChange={(e) => change(withField(doc, "trigger", e.target.value))}
                spellCheck={false}
              />
            )}
          </Field>
          <Plain doc={doc} change={change} notes={notes} spec={{ name: "parentsMode", kind: "enum", values: ["latest", "each"] }} />
        </div>
      )}
    </>
  );
}

const quoteName = (name: string) => (/^[A-Za-z_][\w.-]*$/.test(name) ? name : JSON.stringify(name));
