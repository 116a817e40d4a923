// Runs a job by hand.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { enc, type JobDocument, send } from "../api";
import { t } from "../i18n";
import { Dialog, Failure, say } from "../parts";
import { go, to } from "../router";

export function RunNow({ doc, open, close }: { doc: JobDocument; open: boolean; close: () => void }) {
  const client = useQueryClient();
  const given = (doc.definition.arguments as string[] | undefined) ?? [];
  const [args, setArgs] = useState("");
  const [env, setEnv] = useState("");
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read when the dialog opens, not while somebody types
  useEffect(() => {
    if (open) {
      setArgs(given.join("\n"));
      setEnv("");
      setError(null);
    }
  }, [open]);
  const act = async () => {
    const body: { arguments?: string[]; environment?: { name: string; value: string }[] } = {};
    const list = args === "" ? [] : args.split("\n");
    const variables = env.split("\n").filter((l) => l.trim() !== "");
    if (list.join("\n") !== given.join("\n") || variables.length > 0) {
      body.arguments = list;
      body.environment = [];
      for (const line of variables) {
        const at = line.indexOf("=");
        if (at < 1) {
          setError(new Error(t("run.badVariable", { line })));
          return;
        }
        body.environment.push({ name: line.slice(0, at).trim(), value: line.slice(at + 1) });
      }
    }
    try {
      const made = await send<{ run?: string }>("POST", `jobs/${enc(doc.name)}/run`, body);
      say(t(made.run ? "did.run" : "did.runRefused", { name: doc.name }), !made.run);
      close();
      void client.invalidateQueries();
      if (made.run) go(to(["runs", made.run]));
    } catch (e) {
      setError(e);
    }
  };
  return (
    <Dialog title={t("run.title", { name: doc.name })} open={open} close={close}>
      <p className="muted">{doc.may.define ? t("run.hint") : t("may.notRun", { reason: doc.may.reason ?? "" })}</p>
      <label className="field">
        <span>{t("run.arguments")}</span>
        <textarea
          className="mono"
          rows={4}
          value={args}
          onChange={(e) => setArgs(e.target.value)}
          spellCheck={false}
          readOnly={!doc.may.define}
        />
      </label>
      <label className="field">
        <span>{t("run.environment")}</span>
        <textarea
          className="mono"
          rows={3}
          value={env}
          onChange={(e) => setEnv(e.target.value)}
          placeholder="NAME=value"
          spellCheck={false}
          readOnly={!doc.may.define}
        />
      </label>
      <Failure error={error} />
      <footer>
        <button type="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" className="primary" onClick={act}>
          {t("act.run")}
        </button>
      </footer>
    </Dialog>
  );
}
