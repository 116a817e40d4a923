// The jobs after which a job runs.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useState } from "react";
import { get, type JobPage, query } from "../api";
import { t } from "../i18n";
import { literal } from "../palette";
import { withField } from "./document";
import { Field, type Part } from "./field";
import { parentsMode } from "./fields";
import { ParentsGraph } from "./parents-graph";
import { Plain } from "./plain";

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
  return (
    <>
      <div className="fields">
        <Field path="parents" notes={notes} wide>
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
        <Plain doc={doc} change={change} notes={notes} spec={parentsMode} />
      </div>
      <ParentsGraph parents={list.map((name) => ({ name, condition: "succeeded" }))} jobName={jobName} />
    </>
  );
}
