// The definition of a job that is there.
import { useState } from "react";
import type { JobDocument } from "../api";
import { t } from "../i18n";
import { Editor } from "./editor";

export default function DefinitionTab({ doc, tag }: { doc: JobDocument; tag: string }) {
  const [generation, setGeneration] = useState(0);
  return (
    <>
      {doc.may.act && !doc.may.define && <p className="notice">{t("may.notDefine", { reason: doc.may.reason ?? "" })}</p>}
      <Editor key={generation} job={{ doc, tag }} locked={!doc.may.act} saved={() => setGeneration((g) => g + 1)} />
    </>
  );
}
