// The map of a graph: all of it, small, and the part of it that is in view.
import { useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { t } from "../i18n";
import { type Colours, cleared, draw, type Scene } from "./picture";
import { type Bounds, nodeHeight, nodeWidth } from "./size";

const most = { width: 200, height: 140 };

interface Props {
  scene: Scene;
  bounds: Bounds;
  colours: Colours;
  move: (x: number, y: number) => void;
}

/** It is there whenever the graph is larger than the view. */
export function GraphMap({ scene, bounds: b, colours, move }: Props) {
  const [x, y, zoom] = useStore((s) => s.transform);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const canvas = useRef<HTMLCanvasElement>(null);
  const inView = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  const larger =
    inView.x > b.x + 1 ||
    inView.y > b.y + 1 ||
    inView.x + inView.width < b.x + b.width - 1 ||
    inView.y + inView.height < b.y + b.height - 1;
  const scale = Math.min(most.width / (b.width + nodeWidth), most.height / (b.height + nodeHeight));
  const size = {
    width: Math.round((b.width + nodeWidth) * scale),
    height: Math.max(24, Math.round((b.height + nodeHeight) * scale)),
  };
  const origin = { x: (nodeWidth / 2 - b.x) * scale, y: (nodeHeight / 2 - b.y) * scale };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in view is a frame above it, not drawn anew
  useEffect(() => {
    const ctx = canvas.current && cleared(canvas.current, size.width, size.height);
    if (ctx) draw(ctx, scene, { ...origin, zoom: scale, ...size }, colours);
  }, [scene, colours, scale, size.width, size.height, larger]);
  if (!larger || width === 0) return null;
  const go = (e: React.PointerEvent<HTMLDivElement>) => {
    const at = e.currentTarget.getBoundingClientRect();
    move((e.clientX - at.left - origin.x) / scale, (e.clientY - at.top - origin.y) / scale);
  };
  const left = Math.max(0, inView.x * scale + origin.x);
  const top = Math.max(0, inView.y * scale + origin.y);
  const right = Math.min(size.width, (inView.x + inView.width) * scale + origin.x);
  const bottom = Math.min(size.height, (inView.y + inView.height) * scale + origin.y);
  return (
    <div
      className="graphmap"
      role="img"
      aria-label={t("graph.map")}
      style={size}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        go(e);
      }}
      onPointerMove={(e) => e.buttons > 0 && go(e)}
    >
      <canvas ref={canvas} style={size} />
      <div className="seen" style={{ left, top, width: Math.max(4, right - left), height: Math.max(4, bottom - top) }} />
    </div>
  );
}
