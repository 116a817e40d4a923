// Runs the slots of a range in the past.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { enc, type JobDocument, send } from "../api";
import { count } from "../format";
import { t } from "../i18n";
import { complain, Dialog, Failure, say } from "../parts";

/** What a datetime-local input holds, as an instant; the input is in your zone. */
const instant = (text: string) => (text ? new Date(text).toISOString() : "");
const local = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function BackfillDialog({ doc, open, close }: { doc: JobDocument; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [width, setWidth] = useState(1);
  useEffect(() => {
    if (open) {
      setFrom(local(Date.now() - 86_400_000));
      setUntil(local(Date.now()));
    }
  }, [open]);
  const body = { from: instant(from), to: instant(until), parallelism: width };
  const path = `jobs/${enc(doc.name)}/backfill`;
  const trial = useQuery({
    queryKey: ["backfill", doc.name, from, until],
    queryFn: () => send<{ slots: number }>("POST", path, { ...body, dryRun: true }),
    enabled: open && !!from && !!until,
  });
  const act = async () => {
    try {
      const a = await send<{ slots: number }>("POST", path, body);
      say(t("did.backfill", { n: count(a.slots) }));
      close();
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  return (
    <Dialog title={t("act.backfill")} open={open} close={close}>
      <p className="muted">{t("backfill.hint")}</p>
      <div className="fields">
        <label className="field">
          <span>{t("from")}</span>
          <input type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label className="field">
          <span>{t("until")}</span>
          <input type="datetime-local" value={until} onChange={(e) => setUntil(e.target.value)} />
        </label>
        <label className="field">
          <span>{t("backfill.width")}</span>
          <input type="number" min={1} max={100} value={width} onChange={(e) => setWidth(Number(e.target.value))} />
        </label>
      </div>
      <Failure error={trial.error} />
      {trial.data && <p role="status">{t("backfill.slots", { n: count(trial.data.slots) })}</p>}
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className="primary" disabled={!trial.data?.slots} onClick={act}>
          {t("act.backfill")}
        </button>
      </footer>
    </Dialog>
  );
}
