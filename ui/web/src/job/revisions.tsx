// The definitions that a job had.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Change, type Definition, enc, get, type Json, type May, type Revision, send } from "../api";
import { Changes } from "../changes";
import { mergePatch } from "../editor/document";
import { t } from "../i18n";
import { Card, complain, Dialog, Failure, say, When } from "../parts";

const text = (v: Json | undefined) => (v === undefined ? undefined : typeof v === "string" ? v : JSON.stringify(v));

/** What changes if one definition takes the place of another. */
function differences(from: Definition, to: Definition): Change[] {
  return Object.keys(mergePatch(from, to))
    .sort()
    .map((field) => ({ field, before: text(from[field]), after: text(to[field]) }));
}

interface Props {
  name: string;
  current: number;
  definition: Definition; // that is in force
  may: May;
}

export function Revisions({ name, current, definition, may }: Props) {
  const client = useQueryClient();
  const [shown, setShown] = useState<number | null>(null);
  const list = useQuery({
    queryKey: ["revisions", name],
    queryFn: ({ signal }) => get<{ revisions: Revision[] }>(`jobs/${enc(name)}/revisions`, signal),
  });
  const one = useQuery({
    queryKey: ["revision", name, shown],
    queryFn: ({ signal }) => get<Revision>(`jobs/${enc(name)}/revisions/${shown}`, signal),
    enabled: shown !== null,
  });
  const revert = async (n: number) => {
    try {
      await send("POST", `jobs/${enc(name)}/revisions/${n}/revert`);
      say(t("did.revert", { n }));
      setShown(null);
      void client.invalidateQueries();
    } catch (e) {
      complain(e);
    }
  };
  return (
    <>
      <Failure error={list.error} />
      {list.data?.revisions.map((r, i, all) => (
        <Card
          key={r.revision}
          className="revision"
          title={t("revision.n", { n: r.revision })}
          extra={
            <span className="right">
              <When at={r.at} full /> {r.by}
              <button type="button" onClick={() => setShown(r.revision)}>
                {t("revision.show")}
              </button>
              {r.revision !== current && may.act && (
                <button type="button" onClick={() => setShown(r.revision)}>
                  {t("revision.revert")}…
                </button>
              )}
            </span>
          }
        >
          {r.changes.length > 0 ? (
            <Changes changes={r.changes} />
          ) : (
            <p className="muted">{t(i === all.length - 1 ? "revision.first" : "revision.same")}</p>
          )}
        </Card>
      ))}
      <Dialog wide title={t("revision.n", { n: shown ?? 0 })} open={shown !== null} close={() => setShown(null)}>
        <Failure error={one.error} />
        {one.data?.definition && shown !== current && (
          <>
            <h3>{t("revision.difference")}</h3>
            <Changes changes={differences(definition, one.data.definition)} />
          </>
        )}
        <h3>{t("tab.definition")}</h3>
        <pre className="command">{one.data && JSON.stringify(one.data.definition, null, 2)}</pre>
        <footer>
          {shown !== null && shown !== current && may.act && (
            <button type="button" className="primary" onClick={() => revert(shown)}>
              {t("revision.revert")}
            </button>
          )}
          <button type="button" onClick={() => setShown(null)}>
            {t("close")}
          </button>
        </footer>
      </Dialog>
    </>
  );
}
