// The filter: a text, and what it may become.
import { useQuery } from "@tanstack/react-query";
import { memo, useEffect, useId, useRef, useState } from "react";
import { get, type JobPage, query } from "../api";
import { useCaret } from "../caret";
import { t } from "../i18n";
import { type Completion, complete, counted, named, term, unfinished, wanting, wordAt } from "./words";

/** Keys that come faster than this wait for the next one. */
const pause = 60;

/** The values of a field, as far as the server knows them: counts, or names. */
function useValues(word: string, on: boolean): Record<string, number> | string[] {
  const want = wanting(word);
  const field = on && want ? want.field : "";
  const start = named.includes(field) ? want!.value : "";
  const got = useQuery({
    queryKey: ["values", field, start],
    queryFn: async ({ signal }) => {
      if (named.includes(field)) {
        const q = start && `${term("name", start)}*`;
        const page = await get<JobPage>(`jobs${query({ q, limit: 12, fields: "name" })}`, signal);
        return page.jobs.map((j) => j.name);
      }
      const page = await get<JobPage>(`jobs${query({ limit: 1, fields: "name", facets: field })}`, signal);
      return page.facets?.[field] ?? [];
    },
    enabled: named.includes(field) || counted.includes(field),
    staleTime: 30_000,
  });
  return got.data ?? [];
}

export const Filter = memo(function Filter({ q, setQ }: { q: string; setQ: (q: string) => void }) {
  const [text, setText] = useState(q);
  const [caret, setCaret] = useState(q.length);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [focused, setFocused] = useState(false);
  const sent = useRef(q);
  const last = useRef(0);
  const box = useRef<HTMLInputElement>(null);
  const putCaret = useCaret(box);
  const id = useId();
  useEffect(() => {
    if (q !== sent.current) {
      sent.current = q;
      setText(q);
    }
  }, [q]);
  useEffect(() => {
    if (text === sent.current || (focused && unfinished(text))) return;
    const send = () => {
      last.current = performance.now();
      sent.current = text;
      setQ(text);
    };
    const since = performance.now() - last.current;
    if (since > pause) send();
    else {
      const timer = window.setTimeout(send, pause - since);
      return () => window.clearTimeout(timer);
    }
  }, [text, setQ, focused]);
  const { from, word } = wordAt(text, caret);
  const items = complete(word, useValues(word, open)).slice(0, 12);
  const shown = open && items.length > 0;
  const take = (c: Completion) => {
    const head = text.slice(0, from) + c.insert + (c.open ? "" : " ");
    const next = head + text.slice(caret).trimStart();
    setText(next);
    setCaret(head.length);
    setAt(-1);
    setOpen(c.open);
    putCaret(head.length);
  };
  const press = (e: React.KeyboardEvent<HTMLInputElement>) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === "Escape") {
      e.preventDefault(); // the browser would empty the field
      if (shown) setOpen(false);
      else box.current?.blur();
    } else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      if (items.length === 0) return;
      e.preventDefault();
      setOpen(true);
      setAt(e.key === "ArrowDown" ? (at + 1) % items.length : (at <= 0 ? items.length : at) - 1);
    } else if ((e.key === "Enter" || (e.key === "Tab" && !e.shiftKey)) && shown && items[at]) {
      e.preventDefault();
      take(items[at]);
    } else if (e.key === "Enter") setOpen(false);
  };
  return (
    <div className="combo">
      <input
        ref={box}
        data-filter
        type="search"
        role="combobox"
        className="filter"
        aria-label={t("jobs.filter")}
        aria-expanded={shown}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
        placeholder={t("jobs.filterHint")}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(e) => {
          setText(e.target.value);
          setCaret(e.target.selectionStart ?? e.target.value.length);
          setOpen(true);
          setAt(-1);
        }}
        onSelect={(e) => setCaret(e.currentTarget.selectionStart ?? 0)}
        onFocus={() => setFocused(true)}
        onBlur={() => {
          setOpen(false);
          setFocused(false);
        }}
        onKeyDown={press}
      />
      <div id={id} role="listbox" aria-label={t("jobs.words")} className="words" hidden={!shown}>
        {shown &&
          items.map((c, i) => (
            <div
              key={c.insert}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              tabIndex={-1}
              onMouseDown={(e) => {
                e.preventDefault(); // the field keeps the focus
                take(c);
              }}
            >
              <span>{c.insert}</span>
              {c.hint && <span className="muted num">{c.hint}</span>}
            </div>
          ))}
      </div>
    </div>
  );
});
