// Runs the slots of a range in the past.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { enc, type JobDocument, send } from "../api";
import { count } from "../format";
import { t } from "../i18n";
import { InstantBox, instant, local } from "../instant";
import { complain, Failure, say } from "../parts";
import { Confirm } from "./confirm";

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
    queryKey: ["backfill", doc.name, from, until, width],
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
    <Confirm title={t("act.backfill")} open={open} close={close} act={act} word={t("act.backfill")} ready={!!trial.data?.slots}>
      <p className="muted">{t("backfill.hint")}</p>
      <div className="fields">
        <InstantBox label={t("from")} value={from} change={setFrom} />
        <InstantBox label={t("until")} value={until} change={setUntil} />
        <label className="field">
          <span>{t("backfill.width")}</span>
          <input type="number" min={1} max={50} value={width} onChange={(e) => setWidth(Number(e.target.value))} />
        </label>
      </div>
      <Failure error={trial.error} />
      {trial.data && <p role="status">{t("backfill.slots", { n: count(trial.data.slots) })}</p>}
    </Confirm>
  );
}
