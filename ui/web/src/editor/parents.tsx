// The jobs after which a job runs.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useDeferredValue, useId, useState } from "react";
import { get, type JobPage, type Network, query } from "../api";
import { t } from "../i18n";
import { literal } from "../palette";
import { withField } from "./document";
import { Field, type Part } from "./field";
import { Plain } from "./plain";

const Graph = lazy(() => import("../graph/view").then((m) => ({ default: m.GraphView })));

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

export function Parents({ doc, change, notes, jobName }: Part & { jobName: string }) {
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
