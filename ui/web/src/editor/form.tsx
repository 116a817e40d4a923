// The form: every field of a definition.
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useDeferredValue, useEffect, useId, useRef, useState } from "react";
import { type Cluster, type Definition, get, type JobPage, type Json, type Network, query } from "../api";
import { count } from "../format";
import { has, type Key, t } from "../i18n";
import { literal } from "../palette";
import { type Constraint, constraintsOf, pin, pinnedHosts, withField } from "./document";
import { known, type Section, type Spec, scheduleFields, sections } from "./fields";

const Graph = lazy(() => import("../graph/view").then((m) => ({ default: m.GraphView })));

export type Notes = Map<string, { bad: boolean; text: string }>;

interface Part {
  doc: Definition;
  change: (doc: Definition) => void;
  notes: Notes;
}

interface Props extends Part {
  name?: string; // of a new job
  setName: (name: string) => void;
  jobName: string;
}

const label = (name: string) => (has(`field.${name}`) ? t(`field.${name}` as Key) : name);
const help = (name: string) => (has(`help.${name}`) ? t(`help.${name}` as Key) : undefined);

/** A field with its name, what it means, and what the server says of it. */
function Field({
  name,
  notes,
  wide,
  children,
  title,
}: {
  name: string;
  notes: Notes;
  wide?: boolean;
  children: (a: { id: string; "aria-describedby": string; "aria-invalid"?: true }) => ReactNode;
  title?: string;
}) {
  const id = useId();
  const note = notes.get(name);
  return (
    <div className={`field ${wide ? "wide" : ""} ${note?.bad ? "invalid" : ""}`} data-field={name}>
      <label htmlFor={id}>
        {title ?? label(name)} <code>{name}</code>
      </label>
      {children({ id, "aria-describedby": `${id}-help`, "aria-invalid": note?.bad || undefined })}
      <small id={`${id}-help`} className={note ? (note.bad ? "bad" : "warn") : ""}>
        {note?.text ?? help(name)}
      </small>
    </div>
  );
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

function Plain({ doc, change, notes, spec }: Part & { spec: Spec }) {
  const value = doc[spec.name];
  const set = (v: Json | undefined) => change(withField(doc, spec.name, v));
  return (
    <Field name={spec.name} notes={notes} wide={spec.wide}>
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
                <option value="">{t("default")}</option>
                {spec.values!.map((v) => (
                  <option key={v} value={v}>
                    {has(`${spec.name}.${v}`) ? t(`${spec.name}.${v}` as Key) : v}
                  </option>
                ))}
              </select>
            );
          case "lines":
            return <Lines a={a} value={value} set={set} hint={spec.hint} />;
          case "int":
          case "number":
            return <NumberBox a={a} value={value} set={set} whole={spec.kind === "int"} hint={spec.hint} />;
          default:
            return (
              <input
                {...a}
                value={String(value ?? "")}
                placeholder={spec.hint}
                onChange={(e) => set(e.target.value === "" && spec.kind !== "text" ? undefined : e.target.value)}
                spellCheck={false}
              />
            );
        }
      }}
    </Field>
  );
}

type Attributes = Record<string, unknown> & { id: string };

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

type Row = { [name: string]: Json };

/** A list of objects as rows; members that have no column stay as they are. */
function Rows({
  doc,
  change,
  notes,
  name,
  columns,
  inside,
}: Part & { name: string; columns: [string, "text" | "bool" | "number"][]; inside?: string }) {
  const holder = (inside ? doc[inside] : doc) as Definition | undefined;
  const list = Array.isArray(holder?.[name]) ? (holder[name] as Row[]) : [];
  const set = (rows: Row[]) => {
    if (inside) change(withField(doc, inside, withField(holder ?? {}, name, rows)));
    else change(withField(doc, name, rows));
  };
  return (
    <fieldset className="field wide rows" data-field={name}>
      <legend>
        {label(name)} <code>{name}</code>
      </legend>
      {list.map((row, i) => (
        <div key={i} className="rowline">
          {columns.map(([column, kind]) =>
            kind === "bool" ? (
              <label key={column}>
                <input
                  type="checkbox"
                  checked={row[column] === true}
                  onChange={(e) => set(list.map((r, k) => (k === i ? { ...r, [column]: e.target.checked } : r)))}
                />{" "}
                {label(column)}
              </label>
            ) : (
              <input
                key={column}
                aria-label={`${label(name)} ${i + 1}: ${label(column)}`}
                placeholder={label(column)}
                value={String(row[column] ?? "")}
                onChange={(e) =>
                  set(
                    list.map((r, k) =>
                      k === i
                        ? (withField(r, column, e.target.value === "" && column === "output_file" ? undefined : e.target.value) as Row)
                        : r,
                    ),
                  )
                }
                spellCheck={false}
              />
            ),
          )}
          <button type="button" className="ghost" aria-label={t("remove")} onClick={() => set(list.filter((_, k) => k !== i))}>
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() =>
          set([
            ...list,
            Object.fromEntries(
              columns
                .filter(([, k]) => k === "text")
                .filter(([c]) => c !== "output_file")
                .map(([c]) => [c, ""]),
            ),
          ])
        }
      >
        + {t("add")}
      </button>
      {notes.get(inside ?? name)?.bad && <small className="bad">{notes.get(inside ?? name)?.text}</small>}
    </fieldset>
  );
}

const operators = ["EQUALS", "LIKE", "UNLIKE"];

function Where({ doc, change, notes }: Part) {
  const cluster = useQuery({ queryKey: ["cluster"], queryFn: ({ signal }) => get<Cluster>("cluster", signal) });
  const [search, setSearch] = useState("");
  const list = constraintsOf(doc);
  const pinned = pinnedHosts(list);
  const chosen = pinned?.hosts ?? [];
  const set = (c: Constraint[]) => change(withField(doc, "constraints", c));
  const agents = cluster.data?.agents ?? [];
  const missing = chosen.filter((h) => !agents.some((a) => a.hostname === h));
  const attributes = cluster.data?.attributes ?? {};
  const ids = useId();
  const fitting = agents.filter((a) => {
    const text = `${a.hostname} ${Object.entries(a.attributes ?? {})
      .flat()
      .join(" ")}`.toLowerCase();
    return text.includes(search.toLowerCase());
  });
  const toggle = (host: string) => set(pin(list, chosen.includes(host) ? chosen.filter((h) => h !== host) : [...chosen, host]));
  const rest = list.map((c, i) => ({ c, i })).filter(({ i }) => i !== pinned?.at);
  const note = notes.get("constraints");
  return (
    <div className="where" data-field="constraints">
      <fieldset className="field wide">
        <legend>
          {t("where.hosts")} <code>constraints</code>
        </legend>
        <p className="muted">{chosen.length === 0 ? t("where.any") : t("where.only", { hosts: chosen.join(", ") })}</p>
        {agents.length > 8 && (
          <input
            type="search"
            aria-label={t("where.search")}
            placeholder={t("where.search")}
            value={search}
            onChange={(e) => setSearch(e.target.value)}
          />
        )}
        <div className="hosts">
          {missing.map((h) => (
            <label key={h} className="host gone">
              <input type="checkbox" checked onChange={() => toggle(h)} /> <b>{h}</b> <span className="bad">{t("where.gone")}</span>
            </label>
          ))}
          {fitting.slice(0, 200).map((a) => (
            <label key={a.id} className="host">
              <input type="checkbox" checked={chosen.includes(a.hostname)} onChange={() => toggle(a.hostname)} /> <b>{a.hostname}</b>
              <span className="muted">
                {count(Math.round((a.cpus - a.usedCpus) * 10) / 10)} CPU
                {Object.entries(a.attributes ?? {}).map(([k, v]) => ` · ${k}=${v}`)}
              </span>
            </label>
          ))}
          {cluster.data?.agentsError && <span className="bad">{cluster.data.agentsError}</span>}
        </div>
      </fieldset>
      <fieldset className="field wide rows">
        <legend>{t("where.attributes")}</legend>
        {rest.map(({ c, i }) => (
          <div key={i} className="rowline">
            <input
              aria-label={t("where.attribute")}
              placeholder={t("where.attribute")}
              list={`${ids}-names`}
              value={c[0]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [e.target.value, x[1], x[2]] : x)))}
              spellCheck={false}
            />
            <select
              aria-label={t("where.operator")}
              value={c[1]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [x[0], e.target.value, x[2]] : x)))}
            >
              {!operators.includes(c[1]) && <option>{c[1]}</option>}
              {operators.map((o) => (
                <option key={o} value={o}>
                  {t(`operator.${o}` as Key)}
                </option>
              ))}
            </select>
            <input
              aria-label={t("where.value")}
              placeholder={t("where.value")}
              list={`${ids}-${c[0]}`}
              value={c[2]}
              onChange={(e) => set(list.map((x, k) => (k === i ? [x[0], x[1], e.target.value] : x)))}
              spellCheck={false}
            />
            <button type="button" className="ghost" aria-label={t("remove")} onClick={() => set(list.filter((_, k) => k !== i))}>
              ✕
            </button>
          </div>
        ))}
        <button type="button" onClick={() => set([...list, ["", "EQUALS", ""]])}>
          + {t("where.add")}
        </button>
        <datalist id={`${ids}-names`}>
          {Object.keys(attributes).map((n) => (
            <option key={n} value={n} />
          ))}
        </datalist>
        {Object.entries(attributes).map(([n, values]) => (
          <datalist key={n} id={`${ids}-${n}`}>
            {values.map((v) => (
              <option key={v} value={v} />
            ))}
          </datalist>
        ))}
        {note && <small className={note.bad ? "bad" : "warn"}>{note.text}</small>}
      </fieldset>
    </div>
  );
}

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

function WhenPart({ doc, change, notes, jobName }: Part & { jobName: string }) {
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

const shownParents = 20;

/** Means these jobs, as far as a filter may be long. */
function namesFilter(list: string[]): string {
  let out = "";
  for (const p of list.slice(0, shownParents)) {
    const longer = `${out}${out ? "," : "name:"}${literal(p)}`;
    if (new TextEncoder().encode(longer).length > 1000) break;
    out = longer;
  }
  return out;
}

function Parents({ doc, change, notes, jobName }: Part & { jobName: string }) {
  const [text, setText] = useState("");
  const asked = useDeferredValue(text);
  const ids = useId();
  const list = Array.isArray(doc.parents) ? doc.parents.map(String) : [];
  const found = useQuery({
    queryKey: ["parentSearch", asked],
    queryFn: ({ signal }) => get<JobPage>(`jobs${query({ q: literal(asked), limit: 20, fields: "name" })}`, signal),
  });
  const names = (found.data?.jobs ?? []).map((j) => j.name).filter((n) => n !== jobName && !list.includes(n));
  const set = (parents: string[]) => change(withField(doc, "parents", parents));
  const add = (name: string) => {
    if (name && !list.includes(name)) set([...list, name]);
    setText("");
  };
  const around = useQuery({
    queryKey: ["parentStates", list.join("\n")],
    queryFn: ({ signal }) =>
      get<JobPage>(`jobs${query({ q: namesFilter(list), limit: shownParents, fields: "name,kind,state,failing,late,disabled" })}`, signal),
    enabled: list.length > 0,
    placeholderData: (p) => p,
  });
  const blank = { kind: "dependent", state: "idle", failing: false, late: false, disabled: false };
  const network: Network = {
    nodes: [
      ...list
        .slice(0, 30)
        .map((p) => around.data?.jobs.find((n) => n.name === p) ?? { ...blank, name: p, state: around.isSuccess ? "missing" : "idle" }),
      { ...blank, name: jobName },
    ],
    edges: list.slice(0, shownParents).map((p) => ({ from: p, to: jobName, condition: "succeeded", satisfied: false })),
    truncated: false,
  };
  return (
    <>
      <div className="fields">
        <Field name="parents" notes={notes} wide>
          {(a) => (
            <>
              <div className="chips">
                {list.map((p) => (
                  <span key={p} className="chip">
                    {p}
                    <button
                      type="button"
                      className="ghost"
                      aria-label={`${t("remove")} ${p}`}
                      onClick={() => set(list.filter((x) => x !== p))}
                    >
                      ✕
                    </button>
                  </span>
                ))}
              </div>
              <input
                {...a}
                list={ids}
                placeholder={t("parents.search")}
                value={text}
                onChange={(e) =>
                  names.includes(e.target.value) && !("inputType" in e.nativeEvent && e.nativeEvent.inputType === "insertText")
                    ? add(e.target.value)
                    : setText(e.target.value)
                }
                onKeyDown={(e) => {
                  if (e.key === "Enter") {
                    e.preventDefault();
                    add(text.trim());
                  } else if (e.key === "Backspace" && text === "" && list.length) set(list.slice(0, -1));
                }}
                spellCheck={false}
              />
              <datalist id={ids}>
                {names.map((n) => (
                  <option key={n} value={n} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Plain doc={doc} change={change} notes={notes} spec={{ name: "parentsMode", kind: "enum", values: ["latest", "each"] }} />
      </div>
      {list.length > 0 && (
        <div className="graph tiny">
          <Suspense fallback={null}>
            <Graph network={network} mini focus={jobName} />
          </Suspense>
        </div>
      )}
    </>
  );
}

function Container({ doc, change, notes }: Part) {
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
