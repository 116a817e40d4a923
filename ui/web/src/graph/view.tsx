// Draws jobs and what is between them.
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowInstance,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import "./graph.css";
import { memo, useEffect, useMemo, useRef } from "react";
import type { Network } from "../api";
import { t } from "../i18n";
import { JobBadges, tone } from "../parts";
import { go, to } from "../router";
import { useShownTheme } from "../theme";
import { type Laid, layOut, nodeHeight, nodeWidth } from "./layout";

type JobNode = Node<{ job: Network["nodes"][number]; focus: boolean; critical: boolean }, "job">;

const JobBox = memo(({ data }: NodeProps<JobNode>) => (
  <div
    className={`box ${tone(data.job.failing ? "failing" : data.job.state)} ${data.focus ? "focus" : ""} ${data.critical ? "critical" : ""}`}
  >
    <Handle type="target" position={Position.Left} isConnectable={false} />
    <span className="clip">{data.job.name}</span>
    <JobBadges row={data.job} />
    <Handle type="source" position={Position.Right} isConnectable={false} />
  </div>
));
JobBox.displayName = "JobBox";

const nodeTypes = { job: JobBox };

interface Props {
  network: Network;
  focus?: string;
  critical?: Set<string>;
  mini?: boolean;
}

export function GraphView({ network, focus, critical, mini }: Props) {
  const theme = useShownTheme();
  const flow = useRef<ReactFlowInstance<JobNode> | null>(null);
  // Places depend on who is there and what is between them, not on what they do at the moment.
  const shape = JSON.stringify([network.nodes.map((n) => n.name), network.edges.map((e) => [e.from, e.to])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: shape says when the network is another one
  const laid: Laid = useMemo(() => layOut(network), [shape]);
  const nodes: JobNode[] = useMemo(
    () =>
      network.nodes.map((n) => ({
        id: n.name,
        type: "job" as const,
        position: laid.get(n.name) ?? { x: 0, y: 0 },
        width: nodeWidth,
        height: nodeHeight,
        data: { job: n, focus: n.name === focus, critical: critical?.has(n.name) ?? false },
        ariaLabel: n.name,
      })),
    [network, laid, focus, critical],
  );
  const edges: Edge[] = useMemo(
    () =>
      network.edges.map((e) => ({
        id: `${e.from}\n${e.to}`,
        source: e.from,
        target: e.to,
        className: `${e.condition} ${e.satisfied ? "satisfied" : ""} ${critical?.has(e.from) && critical.has(e.to) ? "critical" : ""}`,
        label: e.condition === "succeeded" ? undefined : t(e.condition === "failed" ? "edge.failed" : "edge.done"),
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
        focusable: false,
      })),
    [network, critical],
  );
  useEffect(() => {
    const show = () => {
      if (focus && laid.has(focus) && network.nodes.length > 30)
        void flow.current?.fitView({ nodes: [{ id: focus }], maxZoom: 1, duration: 200 });
      else void flow.current?.fitView({ maxZoom: 1, padding: 0.12 });
    };
    const timer = window.requestAnimationFrame(show);
    return () => window.cancelAnimationFrame(timer);
  }, [laid, focus, network.nodes.length]);
  return (
    <ReactFlow
      colorMode={theme}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      onInit={(f) => {
        flow.current = f;
        void f.fitView({ maxZoom: 1, padding: 0.12 });
      }}
      onNodeClick={(_, n) => go(to(["jobs", n.id]))}
      onlyRenderVisibleElements={network.nodes.length > 200}
      nodesDraggable={false}
      nodesConnectable={false}
      elementsSelectable={false}
      minZoom={0.02}
      maxZoom={2}
      fitView
      fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
      proOptions={{ hideAttribution: true }}
      panOnScroll={mini}
      zoomOnScroll={!mini}
      preventScrolling={!mini}
      onKeyDown={(e) => {
        const id = (e.target as HTMLElement).dataset?.id;
        if (e.key === "Enter" && id) go(to(["jobs", id]));
      }}
    >
      <Background gap={24} />
      {!mini && <Controls showInteractive={false} />}
      {!mini && network.nodes.length > 12 && (
        <MiniMap
          pannable
          zoomable
          ariaLabel={t("graph.map")}
          nodeClassName={(n) => `map-${tone((n as JobNode).data.job.failing ? "failing" : (n as JobNode).data.job.state)}`}
        />
      )}
    </ReactFlow>
  );
}
