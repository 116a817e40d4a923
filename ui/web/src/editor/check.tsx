// What the server says of a definition before it is saved.
import type { ReactNode } from "react";
import type { Mistake, Trial } from "../api";
import { Changes } from "../changes";
import { t } from "../i18n";
import { Card, Shape } from "../parts";
import { Slots } from "../slots";
import { fieldOf } from "./document";
import { label } from "./field";

interface Props {
  trial?: Trial;
  errors: Mistake[];
  pending: boolean;
  zone: string;
  nameless: boolean;
  show?: (path: string) => void; // moves to a field of the form; without it the definition is edited as text
}

export function Check({ trial, errors, pending, zone, nameless, show }: Props) {
  const warnings = trial?.warnings ?? [];
  const wrong = errors.length > 0;
  const name = (m: Mistake) => {
    const path = fieldOf(m.field);
    if (!path) return null;
    return show ? (
      <button type="button" className="link" onClick={() => show(path)}>
        {label(path)}
      </button>
    ) : (
      <b>{m.field}</b>
    );
  };
  const list = (items: ReactNode[], bad = false) => (
    <ul className={bad ? "mistakes bad" : "mistakes"}>
      {items.map((x, i) => (
        <li key={i}>{x}</li>
      ))}
    </ul>
  );
  const full = (m: Mistake) => (
    <>
      {name(m)} {m.detail}
    </>
  );
  // At its field a warning says all; here it is told that there is one.
  const atFields = show ? warnings.filter((w) => w.field) : [];
  const others = warnings.filter((w) => !atFields.includes(w));
  return (
    <Card
      title={t("editor.check")}
      extra={pending ? <span className="muted">…</span> : <Shape of={!wrong && !nameless && trial ? "succeeded" : "failed"} />}
    >
      <div role="status" aria-live="polite">
        {wrong && list(errors.map(full), true)}
        {!wrong && trial && <p className="good">{t("editor.valid")}</p>}
        {nameless && (
          <p>
            {t("editor.nameless")} {name({ field: "name", detail: "" })}
          </p>
        )}
        {others.length > 0 && list(others.map(full))}
        {atFields.length > 0 && (
          <p className="warn">
            {t("editor.look")}{" "}
            {atFields.map((w, i) => (
              <span key={i}>
                {i > 0 && ", "}
                {name(w)}
              </span>
            ))}
          </p>
        )}
      </div>
      {!show && trial?.words && <p>{trial.words}</p>}
      {!show && trial?.next && <Slots next={trial.next.slice(0, 6).map((at) => ({ at }))} zone={zone} />}
      {trial?.effects && list(trial.effects)}
      {trial?.changes && <Changes changes={trial.changes} />}
    </Card>
  );
}
