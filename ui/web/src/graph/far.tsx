// The graph from afar: one picture instead of thousands of elements.
import { useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { type Colours, cleared, draw, type Scene } from "./picture";

export function Far({ scene, colours, label }: { scene: Scene; colours: Colours; label: string }) {
  const [x, y, zoom] = useStore((s) => s.transform);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const ctx = canvas.current && cleared(canvas.current, width, height);
      if (!ctx || !canvas.current) return;
      draw(ctx, scene, { x, y, zoom, width, height }, colours);
      canvas.current.dataset.drawn = "";
    });
    return () => cancelAnimationFrame(frame);
  }, [scene, colours, x, y, zoom, width, height]);
  return <canvas ref={canvas} className="picture" role="img" aria-label={label} style={{ width, height }} />;
}
