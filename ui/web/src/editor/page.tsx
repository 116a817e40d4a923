// A new job, from nothing or from another one.
import { useQuery } from "@tanstack/react-query";
import { getJob } from "../api";
import { t } from "../i18n";
import { Failure, Loading } from "../parts";
import { Editor } from "./editor";

export default function NewJob({ from }: { from?: string }) {
  const q = useQuery({
    queryKey: ["clone", from],
    queryFn: ({ signal }) => getJob(from!, signal),
    enabled: !!from,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (from && !q.data) return q.error ? <Failure error={q.error} /> : <Loading />;
  const { name: _, ...start } = q.data?.doc.definition ?? {};
  return (
    <div className="page">
      <h1>{from ? t("editor.cloneOf", { name: from }) : t("jobs.new")}</h1>
      <Editor start={from ? start : { command: "", schedule: "0 * * * *" }} />
    </div>
  );
}
