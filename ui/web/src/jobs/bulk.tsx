// One thing done to many jobs: to those that are ticked, or all of the filter.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type BulkAnswer, send } from "../api";
import { count } from "../format";
import { type Key, t } from "../i18n";
import { Dialog, Failure, say } from "../parts";

export const actions = ["pause", "resume", "run", "kill", "delete"] as const;
export type Action = (typeof actions)[number];

/** Which jobs are meant. */
export type Meant = { filter: string } | { names: string[] };

/** What is ticked, and what can be done to it. */
export function PickBar(p: {
  number: number;
  total: number;
  everything: boolean;
  all: () => void;
  none: () => void;
  act: (a: Action) => void;
}) {
  const some = p.number > 0;
  return (
    <div className={some ? "pickbar" : "hidden"}>
      <span role="status">{some ? t(p.everything ? "pick.all" : "pick.chosen", { n: count(p.number) }) : ""}</span>
      {some && (
        <>
          {!p.everything && p.total > p.number && (
            <button type="button" className="ghost wordy" onClick={p.all}>
              {t("pick.everything", { n: count(p.total) })}
            </button>
          )}
          {actions.map((a) => (
            <button key={a} type="button" className={a === "delete" || a === "kill" ? "danger" : ""} onClick={() => p.act(a)}>
              {t(`bulk.${a}` as Key)}
            </button>
          ))}
          <button type="button" className="ghost wordy" onClick={p.none}>
            {t("pick.none")}
          </button>
        </>
      )}
    </div>
  );
}

/** Asks first, with the number of jobs that it would be. */
export function Bulk({ action, meant, close, done }: { action: Action | null; meant: Meant; close: () => void; done: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const preview = useQuery({
    queryKey: ["bulk", action, meant],
    queryFn: () => send<BulkAnswer>("POST", "jobs/bulk", { ...meant, action, dryRun: true }),
    enabled: action !== null,
    staleTime: 0,
    gcTime: 0,
  });
  if (!action) return null;
  const n = preview.data?.matched ?? 0;
  const missing = preview.data?.missing?.length ?? 0;
  const act = async () => {
    setBusy(true);
    try {
      const a = await send<BulkAnswer>("POST", "jobs/bulk", { ...meant, action, reason: reason || undefined, expect: n });
      say(
        a.failed?.length
          ? `${t("bulk.partly", { done: a.done, failed: a.matched - a.done })} ${a.failed[0].name}: ${a.failed[0].detail}`
          : t("bulk.done", { n: a.done }),
        !!a.failed?.length,
      );
      done();
      void client.invalidateQueries();
    } catch (e) {
      say(e instanceof Error ? e.message : String(e), true);
      void preview.refetch();
    }
    setBusy(false);
  };
  const what =
    "filter" in meant ? t("bulk.preview", { n: count(n), filter: meant.filter || t("view.all") }) : t("bulk.named", { n: count(n) });
  return (
    <Dialog title={t(`bulk.${action}` as Key)} open close={close}>
      <Failure error={preview.error} />
      <p role="status">{preview.data ? what : t("loading")}</p>
      {preview.data && (
        <p className="names" tabIndex={0}>
          {preview.data.names.slice(0, 30).join(", ")}
          {n > 30 && " …"}
        </p>
      )}
      {missing > 0 && <p className="notice">{t("bulk.missing", { n: count(missing) })}</p>}
      {action === "pause" && (
        <label className="field">
          <span>{t("reason")}</span>
          <input value={reason} onChange={(e) => setReason(e.target.value)} />
        </label>
      )}
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button
          type="button"
          className={action === "delete" || action === "kill" ? "danger" : "primary"}
          disabled={busy || n === 0}
          onClick={act}
        >
          {t("bulk.go", { n: count(n) })}
        </button>
      </footer>
    </Dialog>
  );
}
