// What can be ordered of a job.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { enc, type JobDocument, send } from "../api";
import { count } from "../format";
import { type Key, t } from "../i18n";
import { complain, Menu, say } from "../parts";
import { go, to } from "../router";
import { BackfillDialog } from "./backfill";
import { Confirm } from "./confirm";
import { Delete, Pause } from "./dialogs";
import { RunNow } from "./run-now";

type Ask = "run" | "pause" | "backfill" | "kill" | "success" | "delete" | null;

export function Actions({ doc, tag }: { doc: JobDocument; tag: string }) {
  const client = useQueryClient();
  const [ask, setAsk] = useState<Ask>(null);
  const path = `jobs/${enc(doc.name)}`;
  const order = async (what: Key, act: () => Promise<unknown>) => {
    try {
      await act();
      say(t(what, { name: doc.name }));
      setAsk(null);
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  if (!doc.may.act) return null;
  return (
    <div className="actions">
      <button type="button" className="primary" onClick={() => setAsk("run")}>
        {t("act.run")}
      </button>
      {doc.row.disabled ? (
        <button type="button" onClick={() => order("did.resume", () => send("POST", `${path}/resume`))}>
          {t("act.resume")}
        </button>
      ) : (
        <button type="button" onClick={() => setAsk("pause")}>
          {t("act.pause")}
        </button>
      )}
      <a className="button" href={to(["jobs", doc.name, "definition"])}>
        {t("act.edit")}
      </a>
      <Menu label={t("act.more")}>
        {doc.row.schedule &&
          (doc.skipNext ? (
            <button type="button" onClick={() => order("did.unskip", () => send("DELETE", `${path}/skipNext`))}>
              {t("act.unskip")}
            </button>
          ) : (
            <button type="button" onClick={() => order("did.skip", () => send("POST", `${path}/skipNext`))}>
              {t("act.skip")}
            </button>
          ))}
        {doc.row.schedule &&
          (doc.backfill ? (
            <button type="button" onClick={() => order("did.cancelBackfill", () => send("DELETE", `${path}/backfill`))}>
              {t("act.cancelBackfill")}
            </button>
          ) : (
            <button type="button" onClick={() => setAsk("backfill")}>
              {t("act.backfill")}
            </button>
          ))}
        <button type="button" onClick={() => setAsk("kill")} disabled={doc.runs.length === 0}>
          {t("act.kill")}
        </button>
        <button type="button" onClick={() => setAsk("success")}>
          {t("act.success")}
        </button>
        <button type="button" onClick={() => go(to(["new", doc.name]))}>
          {t("act.clone")}
        </button>
        <button type="button" className="bad" onClick={() => setAsk("delete")}>
          {t("act.delete")}
        </button>
      </Menu>
      <RunNow doc={doc} open={ask === "run"} close={() => setAsk(null)} />
      <Pause
        open={ask === "pause"}
        close={() => setAsk(null)}
        act={(reason) => order("did.pause", () => send("POST", `${path}/pause`, { reason }))}
      />
      <BackfillDialog doc={doc} open={ask === "backfill"} close={() => setAsk(null)} />
      <Confirm
        title={t("act.kill")}
        open={ask === "kill"}
        close={() => setAsk(null)}
        act={() => order("did.kill", () => send("POST", `${path}/kill`))}
        word={t("act.kill")}
        bad
      >
        <p>{t("kill.hint", { n: count(doc.runs.length) })}</p>
      </Confirm>
      <Confirm
        title={t("act.success")}
        open={ask === "success"}
        close={() => setAsk(null)}
        act={() => order("did.success", () => send("POST", `${path}/success`))}
        word={t("act.success")}
      >
        <p>{doc.children.length > 0 ? t("success.children", { list: doc.children.slice(0, 10).join(", ") }) : t("success.hint")}</p>
      </Confirm>
      <Delete doc={doc} tag={tag} open={ask === "delete"} close={() => setAsk(null)} />
    </div>
  );
}
