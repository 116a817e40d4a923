// Asks before a job is paused or deleted.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { enc, type JobDocument, send, type Trial } from "../api";
import { t } from "../i18n";
import { complain, Dialog, Failure, say } from "../parts";
import { go } from "../router";
import { Confirm } from "./confirm";

export function Pause({ open, close, act }: { open: boolean; close: () => void; act: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t("act.pause")} open={open} close={close}>
      <p className="muted">{t("pause.hint")}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          act(reason);
        }}
      >
        <label className="field">
          <span>{t("reason")}</span>
          <input value={reason} onChange={(e) => setReason(e.target.value)} maxLength={1000} />
        </label>
        <footer>
          <button type="button" onClick={close}>
            {t("cancel")}
          </button>
          <button type="submit" className="primary">
            {t("act.pause")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

export function Delete({ doc, tag, open, close }: { doc: JobDocument; tag: string; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const path = `jobs/${enc(doc.name)}`;
  const trial = useQuery({
    queryKey: ["farewell", doc.name],
    queryFn: () => send<Trial>("DELETE", `${path}?dryRun=true`),
    enabled: open,
    gcTime: 0,
  });
  const act = async () => {
    try {
      await send("DELETE", path, undefined, { "If-Match": tag });
      say(t("did.delete", { name: doc.name }));
      go("#/jobs");
      client.removeQueries({ queryKey: ["job", doc.name] });
      void client.invalidateQueries({ predicate: (q) => q.queryKey[1] !== doc.name }); // those would find nothing
    } catch (e) {
      complain(e);
    }
  };
  return (
    <Confirm
      title={t("delete.title", { name: doc.name })}
      open={open}
      close={close}
      act={act}
      word={t("act.delete")}
      bad
      ready={!!trial.data}
    >
      <Failure error={trial.error} />
      <ul>
        {trial.data?.effects?.map((x) => (
          <li key={x}>{x}</li>
        ))}
      </ul>
    </Confirm>
  );
}
