// A schedule while it is written: what it means, and how else it may be written.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { type Preview, send } from "../api";
import { type Key, t } from "../i18n";
import { useSettled } from "../settled";
import { previewOf, Slots } from "../slots";
import { withField } from "./document";
import { Field, type Part } from "./field";
import { scheduleFields } from "./fields";
import { Plain } from "./plain";

const examples: [string, Key][] = [
  ["*/10 * * * *", "example.10m"],
  ["0 * * * *", "example.hour"],
  ["0 3 * * *", "example.day"],
  ["0 6 * * 1-5", "example.weekdays"],
  ["0 4 1 * *", "example.month"],
  ["R//PT30S", "example.30s"],
];

export function ScheduleFields({ doc, change, notes, jobName }: Part & { jobName: string }) {
  const zones = useId();
  return (
    <div className="fields">
      <Field path="schedule" notes={notes}>
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
      <Field path="scheduleTimeZone" notes={notes}>
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
              {["UTC", ...Intl.supportedValuesOf("timeZone")].map((z) => (
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
      <Meaning doc={doc} change={change} jobName={jobName} />
      {scheduleFields.map((spec) => (
        <Plain key={spec.name} doc={doc} change={change} notes={notes} spec={spec} />
      ))}
    </div>
  );
}

/** The schedule in words, its next instants, and its other form. */
function Meaning({ doc, change, jobName }: Omit<Part, "notes"> & { jobName: string }) {
  const body = JSON.stringify({ ...previewOf(doc), name: jobName, n: 10, forms: true });
  const asked = useSettled(body, 350);
  const q = useQuery({
    queryKey: ["preview", asked],
    queryFn: () => send<Preview>("POST", "schedule/preview", JSON.parse(asked)),
    enabled: !!doc.schedule,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const p = q.data;
  if (!p?.valid || !doc.schedule) return null; // what is wrong stands at its field
  const others = p.kind === "cron" ? p.iso : p.cron;
  const kind = p.kind === "cron" ? "ISO 8601" : "cron";
  return (
    <div className="wide meaning">
      <p>{p.words}</p>
      <Slots next={p.next} zone={(doc.scheduleTimeZone as string) || "UTC"} />
      {others?.length === 1 && (
        <p>
          <button
            type="button"
            onClick={() => {
              const next = withField(doc, "schedule", others[0]);
              change(p.begins ? withField(next, "notBefore", p.begins) : next);
            }}
          >
            {t("schedule.write", { kind })} <code>{others[0]}</code>
          </button>
        </p>
      )}
      {others && others.length > 1 && (
        <details>
          <summary>{t("schedule.several", { kind, n: others.length })}</summary>
          <ul className="mono">
            {others.map((x) => (
              <li key={x}>{x}</li>
            ))}
          </ul>
        </details>
      )}
      {p.whyNot && <p className="muted">{t("schedule.whyNot", { kind, reason: p.whyNot })}</p>}
    </div>
  );
}
