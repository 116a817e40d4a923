// ⌘K: go anywhere, by name.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { get, type JobPage, query } from "./api";
import { t } from "./i18n";
import { Dialog, JobBadges } from "./parts";
import { go, to } from "./router";
import { useOrders } from "./session";

const fields = "name,state,failing,late,disabled,reason";

/** Quotes what the filter language would read as more than text. */
export function literal(text: string): string {
  const clean = text.replaceAll('"', " ").trim();
  return clean && `"${clean}"`;
}

export function Palette({ open, close }: { open: boolean; close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  const orders = useOrders();
  useEffect(() => {
    if (open) {
      setText("");
      setAt(0);
      box.current?.focus();
    }
  }, [open]);
  const found = useQuery({
    queryKey: ["palette", text],
    queryFn: ({ signal }) => get<JobPage>(`jobs${query({ q: literal(text), limit: 12, fields })}`, signal),
    enabled: open,
    placeholderData: (p) => p,
  });
  const pages: [string, string][] = [
    [t("nav.now"), "#/now"],
    [t("nav.jobs"), "#/jobs"],
    [t("nav.graph"), "#/graph"],
    [t("nav.activity"), "#/activity"],
    [t("nav.cluster"), "#/cluster"],
    ...(orders ? [[t("jobs.new"), "#/new"] as [string, string]] : []),
    [t("view.failing"), to(["jobs"], { q: "state:failing" })],
    [t("view.running"), to(["jobs"], { q: "state:running" })],
    [t("view.paused"), to(["jobs"], { q: "disabled:yes" })],
  ];
  const items = [
    ...(found.data?.jobs ?? []).map((j) => ({ label: j.name, row: j, hash: to(["jobs", j.name]) })),
    ...pages
      .filter(([label]) => label.toLowerCase().includes(text.toLowerCase()))
      .map(([label, hash]) => ({ label, row: undefined, hash })),
  ];
  const pick = (i: number) => {
    const item = items[i];
    if (!item) return;
    close();
    go(item.hash);
  };
  return (
    <Dialog title={t("palette")} open={open} close={close}>
      <input
        ref={box}
        className="palette"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={items[at] ? `palette-${at}` : undefined}
        aria-label={t("palette")}
        placeholder={t("palette.hint")}
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          if (e.key === "ArrowDown" || e.key === "ArrowUp") {
            e.preventDefault();
            setAt((at + (e.key === "ArrowDown" ? 1 : items.length - 1)) % Math.max(1, items.length));
          } else if (e.key === "Enter") {
            e.preventDefault();
            pick(at);
          }
        }}
      />
      <div id="palette-list" role="listbox" aria-label={t("palette")} className="palette-list">
        {items.map((item, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox takes the keys
          <div
            key={item.hash}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === at}
            onClick={() => pick(i)}
            onMouseMove={() => setAt(i)}
          >
            <span>{item.label}</span>
            {item.row ? <JobBadges row={item.row} /> : <span className="muted">{t("page")}</span>}
          </div>
        ))}
      </div>
    </Dialog>
  );
}
