// Changes a definition: as a form or as text, tried by the server while somebody types.
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { type Definition, enc, type JobDocument, type Mistake, Problem, send, type Trial } from "../api";
import { t } from "../i18n";
import { Failure, Loading, Shape, say } from "../parts";
import { go, setGuard, to } from "../router";
import { useSettled } from "../settled";
import { Check } from "./check";
import { fieldOf, mergePatch, same } from "./document";
import { type Notes, showField } from "./field";
import { Form } from "./form";

const Code = lazy(() => import("./code"));

interface Props {
  job?: { doc: JobDocument; tag: string };
  start?: Definition;
  saved?: () => void;
  /** Only to look at. */
  locked?: boolean;
}

export function Editor({ job, start, saved, locked }: Props) {
  const client = useQueryClient();
  const [base, setBase] = useState(() => ({ doc: job?.doc.definition ?? start ?? {}, tag: job?.tag ?? "" }));
  const [draft, setDraft] = useState<Definition>(base.doc);
  const [name, setName] = useState("");
  const [text, setText] = useState<string | null>(null); // not null: it is edited as text
  const [textError, setTextError] = useState<string | null>(null);
  const [refused, setRefused] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false); // to save what lacks a name
  const [wanted, setWanted] = useState<string | null>(null); // the field to go to
  const form = useRef<HTMLFieldSetElement>(null);
  const patch = useMemo(() => mergePatch(base.doc, draft), [base, draft]);
  const dirty = job ? Object.keys(patch).length > 0 || textError !== null : name !== "" || !same(draft, base.doc);
  const isSaved = useRef(false);

  // Nobody types: then the form may show what the server has meanwhile.
  const moved = job !== undefined && job.tag !== base.tag;
  useEffect(() => {
    if (job && moved && !dirty) {
      setBase({ doc: job.doc.definition, tag: job.tag });
      setDraft(job.doc.definition);
      if (text !== null) setText(null);
    }
  }, [job, moved, dirty, text]);

  useEffect(() => {
    if (!dirty) return;
    const stay = (e: BeforeUnloadEvent) => e.preventDefault();
    window.addEventListener("beforeunload", stay);
    setGuard(() => isSaved.current || window.confirm(t("editor.leave")));
    return () => {
      window.removeEventListener("beforeunload", stay);
      setGuard(null);
    };
  }, [dirty]);

  const asked = useSettled(
    useMemo(() => ({ patch, draft, name, tag: base.tag }), [patch, draft, name, base.tag]),
    350,
  );
  const jobName = job?.doc.name;
  const trial = useQuery({
    queryKey: ["trial", jobName ?? "", asked.tag, JSON.stringify(asked.patch), jobName ? "" : JSON.stringify(asked.draft), asked.name],
    queryFn: () =>
      jobName
        ? send<Trial>("PATCH", `jobs/${enc(jobName)}?dryRun=true`, asked.patch)
        : send<Trial>(
            "PUT",
            `jobs/${enc(asked.name || "unnamed")}?dryRun=true`,
            { ...asked.draft, name: asked.name || "unnamed" },
            asked.name ? { "If-None-Match": "*" } : undefined,
          ),
    enabled: textError === null && !locked,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 10_000,
  });
  const trialError = trial.error instanceof Problem ? trial.error : null;
  const taken = !jobName && trialError?.status === 412;
  const errors: Mistake[] =
    trial.data && !trial.error
      ? [...(trial.data.errors ?? [])]
      : trialError && !taken
        ? [{ field: trialError.field, detail: trialError.message }]
        : [];
  if (!jobName && name === "") errors.splice(0, errors.length, ...errors.filter((e) => e.field !== "name")); // none is typed yet
  if (taken) errors.push({ field: "name", detail: t("editor.taken") });
  if (refused instanceof Problem && refused.field && !errors.some((e) => e.field === refused.field))
    errors.push({ field: refused.field, detail: refused.detail });
  const nameless = !jobName && name === "";
  const notes: Notes = new Map();
  for (const w of trial.data?.warnings ?? []) notes.set(fieldOf(w.field), { bad: false, text: w.detail });
  for (const e of errors) notes.set(fieldOf(e.field), { bad: true, text: e.detail });
  if (nameless && tried) notes.set("name", { bad: true, text: t("editor.nameless") });

  // A field in a part of the form that has to open first is there some frames later.
  useEffect(() => {
    if (wanted === null) return;
    let frames = 0;
    let timer = 0;
    const look = () => {
      if ((form.current && showField(form.current, wanted)) || ++frames > 20) setWanted(null);
      else timer = window.requestAnimationFrame(look);
    };
    timer = window.requestAnimationFrame(look);
    return () => window.cancelAnimationFrame(timer);
  }, [wanted]);

  const save = async () => {
    const first = nameless ? "name" : errors.length > 0 ? fieldOf(errors[0].field) : null;
    if (first !== null || textError !== null) {
      setTried(true);
      setWanted(first || null);
      return;
    }
    setBusy(true);
    setRefused(null);
    try {
      if (jobName) await send("PATCH", `jobs/${enc(jobName)}`, patch, { "If-Match": base.tag });
      else await send("PUT", `jobs/${enc(name)}`, { ...draft, name }, { "If-None-Match": "*" });
      isSaved.current = true;
      setGuard(null);
      say(t(jobName ? "did.save" : "did.create", { name: jobName ?? name }));
      await client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "trial" });
      if (jobName) saved?.();
      else go(to(["jobs", name]));
    } catch (e) {
      setRefused(e);
      if (e instanceof Problem && e.field) setWanted(fieldOf(e.field));
    }
    setBusy(false);
  };
  const reset = () => {
    setDraft(base.doc);
    setText(null);
    setTextError(null);
    setRefused(null);
  };
  const rebase = () => {
    if (!job) return;
    const next = structuredClone(job.doc.definition);
    applyPatch(next, patch);
    setBase({ doc: job.doc.definition, tag: job.tag });
    setDraft(next);
    setText(null);
    setRefused(null);
  };
  const typed = (value: string) => {
    setText(value);
    try {
      const parsed: unknown = JSON.parse(value);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error(t("editor.notObject"));
      const { name: given, ...rest } = parsed as Definition;
      setTextError(null);
      if (jobName) setDraft(given === undefined ? rest : { name: given, ...rest });
      else {
        if (typeof given === "string") setName(given);
        setDraft(rest);
      }
    } catch (e) {
      setTextError(e instanceof Error ? e.message : String(e));
    }
  };
  const asText = () => JSON.stringify(jobName ? draft : { name, ...draft }, null, 2);
  const edit = (next: Definition) => {
    setDraft(next);
    setRefused(null);
  };
  return (
    <div className="editor">
      <div className="switch" role="group" aria-label={t("editor.mode")}>
        <button type="button" aria-pressed={text === null} disabled={textError !== null} onClick={() => setText(null)}>
          {t("editor.form")}
        </button>
        <button type="button" aria-pressed={text !== null} onClick={() => text === null && setText(asText())}>
          {t("editor.text")}
        </button>
      </div>
      <div className="sides">
        <fieldset className="form" disabled={locked} ref={form}>
          {text === null ? (
            <Form
              doc={draft}
              change={edit}
              name={jobName ? undefined : name}
              setName={setName}
              jobName={jobName ?? (name || t("editor.thisJob"))}
              notes={notes}
            />
          ) : locked ? (
            <pre className="command">{text}</pre>
          ) : (
            <Suspense fallback={<Loading />}>
              <Code value={text} change={typed} />
            </Suspense>
          )}
        </fieldset>
        <aside className="trial" aria-label={t("editor.check")} hidden={locked}>
          {moved && dirty && (
            <div className="notice">
              <Shape of="late" /> {t("editor.moved")}{" "}
              <button type="button" onClick={rebase}>
                {t("editor.rebase")}
              </button>
            </div>
          )}
          {textError && <Failure error={new Error(textError)} />}
          {!(refused instanceof Problem && refused.field) && <Failure error={refused} />}
          <Check
            trial={trial.error ? undefined : trial.data}
            errors={errors}
            pending={trial.isFetching}
            zone={(draft.scheduleTimeZone as string) || "UTC"}
            nameless={nameless}
            show={text === null ? setWanted : undefined}
          />
          <div className="savebar">
            {jobName && dirty && (
              <button type="button" onClick={reset}>
                {t("editor.reset")}
              </button>
            )}
            {jobName && !dirty && <span className="muted">{t("editor.unchanged")}</span>}
            <button type="button" className="primary" disabled={busy || (!!jobName && !dirty)} onClick={save}>
              {t(jobName ? "editor.save" : "editor.create")}
            </button>
          </div>
        </aside>
      </div>
    </div>
  );
}

function applyPatch(doc: Definition, patch: Definition) {
  for (const [k, v] of Object.entries(patch)) {
    const old = doc[k];
    if (v === null) delete doc[k];
    else if (typeof v === "object" && !Array.isArray(v) && typeof old === "object" && old !== null && !Array.isArray(old))
      applyPatch(old, v);
    else doc[k] = v;
  }
}
