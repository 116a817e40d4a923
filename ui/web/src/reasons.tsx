// Why a job or a run is where it is.
import type { Reason } from "./api";
import { has, type Key, t } from "./i18n";
import { When } from "./parts";
import { to } from "./router";

function reasonWord(r: Reason): string {
  const key = `why.${r.code}`;
  return has(key) ? t(key as Key) : r.code;
}

export function Reasons({ of, none }: { of: Reason[]; none?: string }) {
  return (
    <ul className="reasons">
      {of.map((r, i) => (
        <li key={i}>
          {r.code !== "parent" && <b>{reasonWord(r)} </b>}
          {r.run ? <a href={to(["runs", r.run])}>{r.text}</a> : r.text}
          {r.at && (
            <>
              {" "}
              · <When at={r.at} />
            </>
          )}
        </li>
      ))}
      {of.length === 0 && none && <li className="muted">{none}</li>}
    </ul>
  );
}
