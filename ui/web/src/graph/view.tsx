// Draws jobs and what is between them.
import {
  Background,
  Controls,
  type Edge,
  getViewportForBounds,
  MarkerType,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  useStoreApi,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import "./graph.css";
import { type MouseEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Network } from "../api";
import { count } from "../format";
import { t } from "../i18n";
import { Loading } from "../parts";
import { go, to } from "../router";
import { useShownTheme } from "../theme";
import { Folding, type JobNode, nodeTypes } from "./box";
import { Far } from "./far";
import { GraphMap } from "./map";
import { boxAt, type Colours, colours, scene } from "./picture";
import { type Placed, usePlaces } from "./place";
import { bounds, nodeHeight, nodeWidth } from "./size";
import { step } from "./step";

export interface Folds {
  folded: Set<string>;
  behind: Map<string, number>;
  toggle: (name: string) => void;
  show: (names: string[]) => void; // none of these is folded any more
}

export interface Jump {
  name: string;
  n: number; // counts, so that one may jump there again
}

interface Props {
  network: Network;
  focus?: string;
  critical?: Set<string>;
  mini?: boolean;
  folds?: Folds;
  jump?: Jump;
  /** What is looked at: when it changes, all of it is shown. Without it that is done at every change. */
  subject?: string;
}

const many = 60; // more jobs than that are one picture when they are small
const small = 0.7; // zoom below which they are
const minZoom = 0.01;

export function GraphView(props: Props) {
  const placed = usePlaces(props.network);
  if (!placed) return <Loading />;
  return (
    <ReactFlowProvider>
      <Drawn {...props} placed={placed} />
    </ReactFlowProvider>
  );
}

const handles = [
  { type: "target" as const, position: Position.Left, x: 0, y: nodeHeight / 2, width: 1, height: 1 },
  { type: "source" as const, position: Position.Right, x: nodeWidth, y: nodeHeight / 2, width: 1, height: 1 },
];

function useElements({ placed: { network, laid }, focus, critical, folds }: Props & { placed: Placed }, far: boolean) {
  const nodes: JobNode[] = useMemo(
    () =>
      far
        ? []
        : network.nodes.map((n) => ({
            id: n.name,
            type: "job" as const,
            position: laid.get(n.name) ?? { x: 0, y: 0 },
            width: nodeWidth,
            height: nodeHeight,
            handles,
            data: {
              job: n,
              focus: n.name === focus,
              critical: critical?.has(n.name) ?? false,
              folded: folds?.folded.has(n.name) ?? false,
              behind: folds?.behind.get(n.name),
            },
            ariaLabel: n.name,
          })),
    [network, laid, focus, critical, folds, far],
  );
  const [onFailure, onEnd] = [t("edge.failed"), t("edge.done")];
  const edges: Edge[] = useMemo(
    () =>
      far
        ? []
        : network.edges.map((e) => ({
            id: `${e.from}\n${e.to}`,
            source: e.from,
            target: e.to,
            className: `${e.condition} ${e.satisfied ? "satisfied" : ""} ${critical?.has(e.from) && critical.has(e.to) ? "critical" : ""}`,
            label: e.condition === "succeeded" ? undefined : e.condition === "failed" ? onFailure : onEnd,
            markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, markerUnits: "userSpaceOnUse" },
            focusable: false,
            ariaLabel: `${e.from} → ${e.to}`,
          })),
    [network, critical, far, onFailure, onEnd],
  );
  return { nodes, edges };
}

/** Keeps in view what the reader looks at. */
function useCamera({ placed, focus, mini, folds, jump, subject }: Props & { placed: Placed }) {
  const flow = useReactFlow();
  const store = useStoreApi();
  const { laid, shape } = placed;
  const all = useMemo(() => bounds(laid), [laid]);
  const duration = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
  const showAll = useCallback(() => {
    const { width, height } = store.getState();
    if (width > 0) void flow.setViewport(getViewportForBounds(all, width, height, minZoom, 1, 0.06));
  }, [flow, store, all]);
  const centre = useCallback(
    (name: string, zoom: number) => {
      const at = laid.get(name);
      if (at) void flow.setCenter(at.x + nodeWidth / 2, at.y + nodeHeight / 2, { zoom, duration });
    },
    [flow, laid, duration],
  );
  const before = useRef<{ subject?: string; laid: Placed["laid"] }>(undefined);
  const anchor = useRef<string>(undefined);
  const ready = useStore((s) => s.width > 0);
  const [settled, setSettled] = useState(false); // the first view has been found
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is done once for each layout
  useEffect(() => {
    if (!ready) return;
    const frame = requestAnimationFrame(() => setSettled(true));
    const old = before.current;
    before.current = { subject, laid };
    const was = anchor.current && old?.laid.get(anchor.current);
    const is = anchor.current && laid.get(anchor.current);
    anchor.current = undefined;
    if (!old || subject === undefined || old.subject !== subject) {
      if (focus && laid.has(focus) && laid.size > 30 && !mini) centre(focus, 1);
      else showAll();
    } else if (was && is) {
      const v = flow.getViewport(); // the job that was folded stays under the pointer
      void flow.setViewport({ ...v, x: v.x + (was.x - is.x) * v.zoom, y: v.y + (was.y - is.y) * v.zoom });
    }
    return () => cancelAnimationFrame(frame);
  }, [shape, subject, ready]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a jump is done once, as soon as its job is there
  useEffect(() => {
    if (jump && ready) centre(jump.name, Math.max(0.9, Math.min(1.5, flow.getZoom())));
  }, [jump, ready, jump && laid.has(jump.name)]);
  const toggle = useCallback(
    (name: string) => {
      anchor.current = name;
      folds?.toggle(name);
    },
    [folds],
  );
  return { all, showAll, centre, toggle, settled };
}

function Drawn(props: Props & { placed: Placed }) {
  const { placed, focus, critical, mini, folds } = props;
  const { network, laid } = placed;
  const theme = useShownTheme();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const { all, showAll, centre, toggle, settled } = useCamera(props);
  const distant = useStore((s) => s.transform[2] < small);
  const far = network.nodes.length > many && (distant || !settled);
  const { nodes, edges } = useElements(props, far);
  const [paint, setPaint] = useState<Colours>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the theme
  useEffect(() => {
    if (frame.current) setPaint(colours(frame.current));
  }, [theme]);
  const picture = useMemo(() => scene(network, laid, focus, critical), [network, laid, focus, critical]);
  const under = (e: MouseEvent) => {
    const at = flow.screenToFlowPosition({ x: e.clientX, y: e.clientY });
    return far ? boxAt(picture, at.x, at.y)?.name : undefined;
  };
  const press = (e: React.KeyboardEvent) => {
    const target = e.target as HTMLElement;
    const id = target.dataset?.id; // a job; not the button within it
    if (!id) return;
    if (e.key === "Enter") go(to(["jobs", id]));
    else if (e.key === " " && folds?.behind.has(id)) {
      e.preventDefault();
      toggle(id);
    } else {
      const next = step(network, laid, id, e.key);
      if (!next) return;
      e.preventDefault();
      centre(next, flow.getZoom());
      const wait = (tries: number) => {
        const there = frame.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(next)}"]`);
        if (there) there.focus();
        else if (tries > 0) requestAnimationFrame(() => wait(tries - 1));
      };
      wait(60);
    }
  };
  return (
    <div className="drawn" ref={frame}>
      <Folding value={toggle}>
        <ReactFlow
          colorMode={theme}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          onNodeClick={(_, n) => go(to(["jobs", n.id]))}
          onPaneClick={(e) => {
            const name = under(e);
            if (name) centre(name, 1);
          }}
          onPaneMouseMove={(e) => {
            if (frame.current && far) frame.current.title = under(e) ?? "";
          }}
          onlyRenderVisibleElements={network.nodes.length > many}
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable={false}
          minZoom={minZoom}
          maxZoom={2}
          proOptions={{ hideAttribution: true }}
          panOnScroll={mini}
          zoomOnScroll={!mini}
          preventScrolling={!mini}
          onKeyDown={press}
          ariaLabelConfig={{
            "controls.ariaLabel": t("graph.controls"),
            "controls.zoomIn.ariaLabel": t("graph.zoomIn"),
            "controls.zoomOut.ariaLabel": t("graph.zoomOut"),
            "controls.fitView.ariaLabel": t("graph.fit"),
            "node.a11yDescription.default": t("graph.keys"),
            "node.a11yDescription.keyboardDisabled": t("graph.keys"),
            "edge.a11yDescription.default": t("graph.edge"),
          }}
        >
          {far && paint ? (
            <Far scene={picture} colours={paint} label={t("graph.afar", { n: count(network.nodes.length) })} />
          ) : (
            <Background gap={24} />
          )}
          {!mini && <Controls showInteractive={false} onFitView={showAll} />}
          {!mini && paint && (
            <GraphMap scene={picture} bounds={all} colours={paint} move={(x, y) => void flow.setCenter(x, y, { zoom: flow.getZoom() })} />
          )}
        </ReactFlow>
      </Folding>
    </div>
  );
}
