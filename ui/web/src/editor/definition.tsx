// The definition of a job that is there.
import { useState } from "react";
import type { JobDocument } from "../api";
import { Editor } from "./editor";

export default function DefinitionTab({ doc, tag }: { doc: JobDocument; tag: string }) {
  const [generation, setGeneration] = useState(0);
  return <Editor key={generation} job={{ doc, tag }} saved={() => setGeneration((g) => g + 1)} />;
}
