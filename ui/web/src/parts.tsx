// The parts that all pages are made of.
import { type ReactNode, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import type { JobRow } from "./api";
import { absolute, isTime, ownZone, relative } from "./format";
import { has, t } from "./i18n";

/** Each state and outcome has a colour, a shape and a word. */
const looks: Record<string, [tone: string, shape: string]> = {
  running: ["run", "play"],
  staging: ["run", "dots"],
  queued: ["wait", "dots"],
  waiting: ["wait", "pause"],
  deferred: ["wait", "clock"],
  awaiting: ["wait", "clock"],
  retrying: ["warn", "again"],
  ending: ["warn", "stop"],
  idle: ["calm", "ring"],
  disabled: ["off", "pause"],
  failing: ["bad", "cross"],
  late: ["warn", "clock"],
  succeeded: ["good", "check"],
  failed: ["bad", "cross"],
  killed: ["warn", "stop"],
  cancelled: ["off", "dash"],
  skipped: ["off", "dash"],
  missed: ["warn", "dash"],
  missing: ["bad", "cross"],
  ended: ["calm", "ring"],
  active: ["good", "check"],
  inactive: ["bad", "cross"],
};

export const tone = (state: string) => looks[state]?.[0] ?? "calm";

const shapes: Record<string, ReactNode> = {
  play: <path d="M4 2.5v9l7-4.5z" fill="currentColor" />,
  dots: <path d="M2.4 7h.01M7 7h.01M11.6 7h.01" strokeWidth="2.8" strokeLinecap="round" />,
  pause: <path d="M4.5 3v8M9.5 3v8" strokeWidth="2.4" strokeLinecap="round" />,
  clock: <path d="M7 1.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11M7 4v3l2 1.5" strokeWidth="1.6" strokeLinecap="round" />,
  again: <path d="M11.5 7A4.5 4.5 0 1 1 9.8 3.4M11.6 1.6v2.9H8.7" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />,
  stop: <rect x="3" y="3" width="8" height="8" rx="1.2" fill="currentColor" />,
  ring: <circle cx="7" cy="7" r="3.6" strokeWidth="1.8" />,
  cross: <path d="M3.5 3.5l7 7M10.5 3.5l-7 7" strokeWidth="2.2" strokeLinecap="round" />,
  check: <path d="M2.8 7.4l2.8 2.8 5.6-6" strokeWidth="2.1" strokeLinecap="round" strokeLinejoin="round" />,
  dash: <path d="M3 7h8" strokeWidth="2.2" strokeLinecap="round" />,
};

export function Shape({ of }: { of: string }) {
  return (
    <svg className="shape" viewBox="0 0 14 14" width="14" height="14" fill="none" stroke="currentColor" aria-hidden="true">
      {shapes[looks[of]?.[1] ?? "ring"]}
    </svg>
  );
}

export function stateWord(state: string): string {
  const key = `state.${state}`;
  return has(key) ? t(key) : state;
}

/** small shows the shape alone; the word is there for those who hear the page. */
export function Badge({ of, title, small }: { of: string; title?: string; small?: boolean }) {
  return (
    <span className={`badge ${tone(of)} ${small ? "small" : ""}`} title={title ?? (small ? stateWord(of) : undefined)}>
      <Shape of={of} />
      <span className={small ? "hidden" : ""}>{stateWord(of)}</span>
    </span>
  );
}

export function JobBadges({ row }: { row: Pick<JobRow, "state" | "failing" | "late" | "disabled" | "reason"> }) {
  const all: [of: string, title?: string][] = [];
  if (row.state !== "idle" || (!row.failing && !row.late)) all.push([row.state, row.reason]);
  if (row.disabled && row.state !== "disabled") all.push(["disabled", row.reason]);
  if (row.failing) all.push(["failing"]);
  if (row.late) all.push(["late"]);
  return (
    <span className="badges">
      {all.map(([of, title], i) => (
        <Badge key={of} of={of} title={title} small={i > 1} />
      ))}
    </span>
  );
}

/** The last outcomes as bars: height and colour both tell. */
export function Recent({ outcomes }: { outcomes: string[] }) {
  if (outcomes.length === 0) return <span className="muted">–</span>;
  const words = outcomes.map(stateWord).join(", ");
  return (
    <svg className="recent" width={outcomes.length * 7} height="18" role="img" aria-label={t("jobs.recentOf", { list: words })}>
      <title>{words}</title>
      {outcomes.map((o, i) => {
        const h = o === "succeeded" ? 9 : o === "failed" ? 18 : 5;
        return <rect key={i} className={`fill-${tone(o)}`} x={i * 7} y={18 - h} width="5" height={h} rx="1" />;
      })}
    </svg>
  );
}

const clockListeners = new Set<() => void>();
let tick = Date.now();
if (typeof window !== "undefined") {
  window.setInterval(() => {
    tick = Date.now();
    for (const l of clockListeners) l();
  }, 1000);
}

const listenToClock = (l: () => void) => {
  clockListeners.add(l);
  return () => clockListeners.delete(l);
};

/** The time, once a second. */
export const useNow = (): number => useSyncExternalStore(listenToClock, () => tick);

/** What is to be said of the time: drawn anew only when that is something else. */
const useSaid = (say: (now: number) => string): string => useSyncExternalStore(listenToClock, () => say(tick));

/** An instant: how far away it is, with both clocks in its title. */
export function When({ at, zone, full }: { at?: string; zone?: string; full?: boolean }) {
  const said = useSaid((now) => relative(at, now));
  if (!isTime(at)) return <span className="muted">–</span>;
  const title = `${absolute(at, ownZone, true)}${zone && zone !== ownZone ? `\n${absolute(at, zone, true)} (${zone})` : ""}`;
  return (
    <time dateTime={at} title={title}>
      {full && <span className="num">{absolute(at, zone)} </span>}
      <span className={full ? "muted" : ""}>{said}</span>
    </time>
  );
}

export function Dialog({
  title,
  open,
  close,
  children,
  wide,
}: {
  title: string;
  open: boolean;
  close: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const d = ref.current;
    if (!d) return;
    if (open && !d.open) d.showModal();
    if (!open && d.open) d.close();
  }, [open]);
  return (
    <dialog
      ref={ref}
      className={wide ? "wide" : ""}
      aria-labelledby={id}
      onClose={close}
      onMouseDown={(e) => e.target === ref.current && close()}
    >
      {open && (
        <div className="dialog">
          <header>
            <h2 id={id}>{title}</h2>
            <button type="button" className="ghost" onClick={close} aria-label={t("close")}>
              ✕
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

let toasts: Toast[] = [];
let toastID = 0;
const toastListeners = new Set<() => void>();

function setToasts(list: Toast[]) {
  toasts = list;
  for (const l of toastListeners) l();
}

/** Tells in passing what came of an action. */
export function say(text: string, bad = false) {
  const id = ++toastID;
  setToasts([...toasts.slice(-3), { id, text, bad }]);
  window.setTimeout(() => setToasts(toasts.filter((x) => x.id !== id)), bad ? 12_000 : 5000);
}

export const complain = (e: unknown) => say(e instanceof Error ? e.message : String(e), true);

export function Toasts() {
  const list = useSyncExternalStore(
    (l) => {
      toastListeners.add(l);
      return () => toastListeners.delete(l);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {list.map((x) => (
        <div key={x.id} className={x.bad ? "toast bad" : "toast"}>
          <Shape of={x.bad ? "failed" : "succeeded"} />
          <span>{x.text}</span>
          <button type="button" className="ghost" aria-label={t("close")} onClick={() => setToasts(toasts.filter((y) => y.id !== x.id))}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}

/** A button that opens a list of others. */
export function Menu({ label, children, title, className }: { label: ReactNode; children: ReactNode; title?: string; className?: string }) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const out = (e: MouseEvent) => !ref.current?.contains(e.target as Node) && setOpen(false);
    const esc = (e: KeyboardEvent) => {
      if (e.key !== "Escape") return;
      setOpen(false);
      if (ref.current?.contains(document.activeElement)) button.current?.focus();
    };
    document.addEventListener("mousedown", out);
    document.addEventListener("keydown", esc);
    return () => {
      document.removeEventListener("mousedown", out);
      document.removeEventListener("keydown", esc);
    };
  }, [open]);
  return (
    <div className={`menu ${className ?? ""}`} ref={ref}>
      <button ref={button} type="button" aria-expanded={open} aria-label={title} title={title} onClick={() => setOpen(!open)}>
        {label} <span aria-hidden="true">▾</span>
      </button>
      {open && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the click bubbles up from the buttons within
        // biome-ignore lint/a11y/useKeyWithClickEvents: so does the key
        <div
          className="popup"
          onClick={(e) => {
            if (!(e.target as HTMLElement).closest("button, a")) return;
            setOpen(false);
            button.current?.focus(); // the list goes, and a dialogue gives the focus back to where it was
          }}
        >
          {children}
        </div>
      )}
    </div>
  );
}

export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p className="notice bad" role="alert">
      <Shape of="failed" /> {error instanceof Error ? error.message : String(error)}
    </p>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Loading() {
  return (
    <p className="empty" role="status">
      {t("loading")}
    </p>
  );
}

export function Card({
  title,
  children,
  extra,
  className,
}: {
  title: ReactNode;
  children: ReactNode;
  extra?: ReactNode;
  className?: string;
}) {
  return (
    <section className={`card ${className ?? ""}`}>
      <header>
        <h2>{title}</h2>
        {extra}
      </header>
      {children}
    </section>
  );
}
