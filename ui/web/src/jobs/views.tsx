// Views: a filter, an order and columns, under a name. The address holds all
// of it, so that it can be handed on; the names are kept in the browser.
import { memo, useState } from "react";
import { type Key, t } from "../i18n";
import { Dialog, say } from "../parts";
import { to } from "../router";
import { remember, remembered } from "../theme";

export interface View {
  q: string;
  sort: string;
  cols: string;
}

interface Saved extends View {
  name: string;
}

const given: [Key, string][] = [
  ["view.all", ""],
  ["view.failing", "state:failing"],
  ["view.running", "state:running"],
  ["view.waiting", "state:queued,waiting,retrying"],
  ["view.late", "state:late"],
  ["view.paused", "disabled:yes"],
  ["view.soon", "next<1h"],
];

const key = "hora.views";
const maxViews = 50;
const maxName = 60;

/** What is kept, whatever somebody wrote there. */
export function readViews(text: string | null): Saved[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(list)) return [];
    return list
      .filter((v): v is Saved => typeof v?.name === "string" && v.name !== "")
      .slice(0, maxViews)
      .map((v) => ({ name: v.name.slice(0, maxName), q: String(v.q ?? ""), sort: String(v.sort ?? ""), cols: String(v.cols ?? "") }));
  } catch {
    return [];
  }
}

const same = (a: View, b: View) => a.q === b.q && a.sort === b.sort && a.cols === b.cols;
const address = (v: View) => to(["jobs"], { q: v.q, sort: v.sort, cols: v.cols });

/** here is the view that is shown, its columns written out: that is what is saved. */
export const Views = memo(function Views({ here, address: now }: { here: View; address: View }) {
  const [saved, setSaved] = useState(() => readViews(remembered(key)));
  const [open, setOpen] = useState(false);
  const keep = (list: Saved[]) => {
    setSaved(list);
    remember(key, JSON.stringify(list));
  };
  const mine = saved.findIndex((v) => same(v, here));
  return (
    <nav className="views" aria-label={t("views")}>
      {given.map(([name, q]) => (
        <a key={name} href={address({ ...now, q })} aria-current={now.q === q && mine < 0 ? "true" : undefined}>
          {t(name)}
        </a>
      ))}
      {saved.map((v, i) => (
        <a key={v.name} className="own" href={address(v)} aria-current={i === mine ? "true" : undefined}>
          {v.name}
        </a>
      ))}
      <button type="button" className="ghost wordy" onClick={() => setOpen(true)}>
        {t("views.open")}
      </button>
      <Dialog title={t("views")} open={open} close={() => setOpen(false)}>
        <Save
          taken={saved}
          save={(name) => {
            keep([...saved.filter((v) => v.name !== name), { ...here, name }]);
            say(t("views.saved", { name }));
            setOpen(false);
          }}
        />
        <ul className="plainlist">
          {saved.map((v, i) => (
            <li key={v.name}>
              <Rename
                name={v.name}
                set={(name) => keep(saved.filter((x, j) => j === i || x.name !== name).map((x) => (x === v ? { ...x, name } : x)))}
              />
              <button
                type="button"
                className="danger"
                aria-label={t("views.deleteOf", { name: v.name })}
                onClick={() => keep(saved.filter((x) => x !== v))}
              >
                {t("views.delete")}
              </button>
            </li>
          ))}
        </ul>
      </Dialog>
    </nav>
  );
});

function Save({ taken, save }: { taken: Saved[]; save: (name: string) => void }) {
  const [name, setName] = useState("");
  const clean = name.trim();
  const full = taken.length >= maxViews && !taken.some((v) => v.name === clean);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (clean && !full) save(clean);
      }}
    >
      <p>{t("views.hint")}</p>
      <div className="inline">
        <input
          aria-label={t("views.name")}
          placeholder={t("views.name")}
          maxLength={maxName}
          value={name}
          onChange={(e) => setName(e.target.value)}
        />
        <button type="submit" className="primary" disabled={!clean || full}>
          {t(taken.some((v) => v.name === clean) ? "views.replace" : "views.save")}
        </button>
      </div>
      {full && <p className="notice">{t("views.full", { n: maxViews })}</p>}
    </form>
  );
}

function Rename({ name, set }: { name: string; set: (name: string) => void }) {
  const [text, setText] = useState(name);
  const done = () => {
    const clean = text.trim();
    if (clean && clean !== name) set(clean);
    else setText(name);
  };
  return (
    <input
      aria-label={t("views.nameOf", { name })}
      value={text}
      maxLength={maxName}
      onChange={(e) => setText(e.target.value)}
      onBlur={done}
      onKeyDown={(e) => e.key === "Enter" && done()}
    />
  );
}
