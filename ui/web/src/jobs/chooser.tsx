// Which columns are shown, and in which order.
import { memo } from "react";
import { t } from "../i18n";
import { Menu } from "../parts";
import { allColumns, columnKey } from "./columns";

export const Chooser = memo(function Chooser({ shown, set }: { shown: string[]; set: (ids: string[]) => void }) {
  const rest = allColumns.filter((id) => !shown.includes(id));
  const move = (id: string, by: number) => {
    const next = shown.filter((x) => x !== id);
    next.splice(shown.indexOf(id) + by, 0, id);
    set(next);
  };
  return (
    <Menu label={t("jobs.columns")} className="choose">
      <fieldset>
        <legend>{t("jobs.columns")}</legend>
        {[...shown, ...rest].map((id) => {
          const at = shown.indexOf(id);
          const name = t(columnKey(id));
          return (
            <div key={id} className="column">
              <label>
                <input
                  type="checkbox"
                  checked={at >= 0}
                  disabled={at >= 0 && shown.length === 1}
                  onChange={() => set(at >= 0 ? shown.filter((x) => x !== id) : [...shown, id])}
                />{" "}
                {name}
              </label>
              {at >= 0 && (
                <span>
                  <Arrow name={t("columns.up", { name })} sign="↑" off={at === 0} go={() => move(id, -1)} />
                  <Arrow name={t("columns.down", { name })} sign="↓" off={at === shown.length - 1} go={() => move(id, 1)} />
                </span>
              )}
            </div>
          );
        })}
      </fieldset>
    </Menu>
  );
});

function Arrow({ name, sign, off, go }: { name: string; sign: string; off: boolean; go: () => void }) {
  return (
    <button
      type="button"
      className="ghost"
      aria-label={name}
      title={name}
      disabled={off}
      onClick={(e) => {
        e.stopPropagation(); // the menu stays open
        go();
      }}
    >
      {sign}
    </button>
  );
}
