// A trigger expression, with completion of names and of what may be asked.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { get, type JobPage, query } from "../api";
import { useCaret } from "../caret";
import { t } from "../i18n";
import { literal } from "../palette";
import { withField } from "./document";
import { askedOf, conditions, quoteName, wordBefore } from "./expression";
import { Field, type Part } from "./field";
import { parentsMode } from "./fields";
import { ParentsGraph } from "./parents-graph";
import { Plain } from "./plain";

export function Trigger({ doc, change, notes, jobName }: Part & { jobName: string }) {
  const text = String(doc.trigger ?? "");
  const box = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number | null>(null); // null: nothing is completed
  const [at, setAt] = useState(0);
  const putCaret = useCaret(box);
  const id = useId();
  const { from, word } = wordBefore(text, caret ?? 0);
  const found = useQuery({
    queryKey: ["parentSearch", word],
    queryFn: ({ signal }) => get<JobPage>(`jobs${query({ q: literal(word), limit: 20, fields: "name" })}`, signal),
    enabled: caret !== null && word !== "",
    placeholderData: keepPreviousData,
  });
  const low = word.toLowerCase();
  const names = (found.data?.jobs ?? []).map((j) => j.name).filter((n) => n !== jobName && n.toLowerCase().includes(low));
  names.sort((a, b) => Number(b.toLowerCase().startsWith(low)) - Number(a.toLowerCase().startsWith(low)));
  const offered =
    caret === null || word === ""
      ? []
      : [
          ...conditions.filter((c) => c.startsWith(low)).map((c) => ({ text: `${c}(…)`, put: `${c}(` })),
          ...names.slice(0, 8).map((n) => ({ text: n, put: quoteName(n) })),
        ].filter((o) => o.put !== word);
  const take = (put: string) => {
    const end = caret ?? text.length;
    const rest = text.slice(end);
    change(withField(doc, "trigger", text.slice(0, from) + put + (put.endsWith('"') && rest.startsWith('"') ? rest.slice(1) : rest)));
    putCaret(from + put.length);
    setCaret(null);
  };
  const picked = Math.min(at, offered.length - 1);
  return (
    <>
      <div className="fields">
        <Field path="trigger" notes={notes} wide>
          {(a) => (
            <div className="completed">
              <textarea
                {...a}
                ref={box}
                className="mono"
                rows={2}
                placeholder="A && (B || failed(C))"
                value={text}
                aria-autocomplete="list"
                aria-controls={offered.length ? id : undefined}
                aria-activedescendant={offered.length ? `${id}-${picked}` : undefined}
                onChange={(e) => {
                  change(withField(doc, "trigger", e.target.value));
                  setCaret(e.target.selectionStart);
                  setAt(0);
                }}
                onBlur={() => setCaret(null)}
                onKeyDown={(e) => {
                  if (offered.length === 0) return;
                  if (e.key === "ArrowDown" || e.key === "ArrowUp") {
                    setAt((picked + (e.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
                  } else if (e.key === "Enter" || e.key === "Tab") take(offered[picked].put);
                  else if (e.key === "Escape") setCaret(null);
                  else return;
                  e.preventDefault();
                }}
                spellCheck={false}
              />
              {offered.length > 0 && (
                <div className="popup" role="listbox" id={id} aria-label={t("trigger.completions")}>
                  {offered.map((o, i) => (
                    <div
                      key={o.text}
                      id={`${id}-${i}`}
                      role="option"
                      aria-selected={i === picked}
                      onMouseDown={(e) => {
                        e.preventDefault();
                        take(o.put);
                      }}
                    >
                      {o.text}
                    </div>
                  ))}
                </div>
              )}
            </div>
          )}
        </Field>
        <Plain doc={doc} change={change} notes={notes} spec={parentsMode} />
      </div>
      <ParentsGraph parents={askedOf(text)} jobName={jobName} />
    </>
  );
}
