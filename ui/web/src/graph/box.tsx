// A job in the drawn graph.
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { createContext, memo, useContext } from "react";
import type { GraphNode } from "../api";
import { count } from "../format";
import { t, useLocale } from "../i18n";
import { JobBadges, tone } from "../parts";

export interface BoxData extends Record<string, unknown> {
  job: GraphNode;
  focus: boolean;
  critical: boolean;
  folded: boolean;
  behind?: number; // jobs that folding hides; undefined: it has no children, or cannot be folded here
}

export type JobNode = Node<BoxData, "job">;

/** Folds a job, or unfolds it. */
export const Folding = createContext<(name: string) => void>(() => undefined);

const JobBox = memo(({ data: { job, focus, critical, folded, behind } }: NodeProps<JobNode>) => {
  const toggle = useContext(Folding);
  useLocale();
  const foldText = t(folded ? "graph.unfoldJob" : "graph.foldJob", { name: job.name, n: count(behind ?? 0) });
  return (
    <div className={`box ${tone(job.failing ? "failing" : job.state)} ${focus ? "focus" : ""} ${critical ? "critical" : ""}`}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className="clip" title={job.name}>
        {job.name}
      </span>
      <JobBadges row={job} />
      {behind !== undefined && (
        <button
          type="button"
          className="fold nopan"
          aria-expanded={!folded}
          aria-label={foldText}
          title={foldText}
          onClick={(e) => {
            e.stopPropagation();
            toggle(job.name);
          }}
        >
          {folded ? `+${count(behind)}` : "–"}
        </button>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
});
JobBox.displayName = "JobBox";

export const nodeTypes = { job: JobBox };
