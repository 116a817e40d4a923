// When a job runs: by a schedule, after others, by an expression.
import { useRef } from "react";
import type { Definition } from "../api";
import { type Key, t } from "../i18n";
import { withField } from "./document";
import { quoteName } from "./expression";
import type { Part } from "./field";
import { Parents } from "./parents";
import { ScheduleFields } from "./schedule";
import { Trigger } from "./trigger";

type Mode = "schedule" | "parents" | "trigger";

const modeFields: Record<Mode, string[]> = {
  schedule: ["schedule", "scheduleTimeZone", "notBefore", "notAfter", "dstGap", "dstOverlap"],
  parents: ["parents", "parentsMode"],
  trigger: ["trigger", "parentsMode"],
};

export function WhenPart({ doc, change, notes, jobName }: Part & { jobName: string }) {
  const mode: Mode = doc.schedule !== undefined ? "schedule" : doc.trigger !== undefined ? "trigger" : "parents";
  const kept = useRef<Definition>({});
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
  const part = { doc, change, notes, jobName };
  return (
    <>
      <div className="switch" role="group" aria-label={t("section.when")}>
        {(["schedule", "parents", "trigger"] as Mode[]).map((m) => (
          <button key={m} type="button" aria-pressed={m === mode} onClick={() => turn(m)}>
            {t(`mode.${m}` as Key)}
          </button>
        ))}
      </div>
      {mode === "schedule" && <ScheduleFields {...part} />}
      {mode === "parents" && <Parents {...part} />}
      {mode === "trigger" && <Trigger {...part} />}
    </>
  );
}
