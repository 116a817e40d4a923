// A graph as one picture, for when it is too small or too large to be made of
// elements of the page: the map of it, and the whole seen from afar.
import type { Network } from "../api";
import { tone } from "../parts";
import { type Laid, nodeHeight, nodeWidth } from "./size";

interface Box {
  name: string;
  x: number;
  y: number;
  tone: string;
  critical: boolean;
  focus: boolean;
}

interface Line {
  kind: "plain" | "satisfied" | "critical";
  ax: number;
  ay: number;
  bx: number;
  by: number;
}

export interface Scene {
  boxes: Box[];
  lines: Line[];
}

export interface View {
  x: number; // where the graph's origin is, in pixels of the screen
  y: number;
  zoom: number;
  width: number;
  height: number;
}

export function scene(network: Network, laid: Laid, focus?: string, critical?: Set<string>): Scene {
  const boxes = network.nodes.flatMap((n): Box[] => {
    const at = laid.get(n.name);
    if (!at) return [];
    const look = tone(n.failing ? "failing" : n.state);
    return [{ name: n.name, ...at, tone: look, critical: critical?.has(n.name) ?? false, focus: n.name === focus }];
  });
  const lines = network.edges.flatMap((e): Line[] => {
    const a = laid.get(e.from);
    const b = laid.get(e.to);
    if (!a || !b) return [];
    const kind = critical?.has(e.from) && critical.has(e.to) ? "critical" : e.satisfied ? "satisfied" : "plain";
    return [{ kind, ax: a.x + nodeWidth, ay: a.y + nodeHeight / 2, bx: b.x, by: b.y + nodeHeight / 2 }];
  });
  return { boxes, lines };
}

export type Colours = Record<string, string>;

const names = ["bg", "panel", "text", "line", "line-strong", "accent", "accent-soft", "good", "run", "bad", "warn", "wait"];

/** The theme's colours, which a canvas has to be told. */
export function colours(of: Element): Colours {
  const style = getComputedStyle(of);
  const out: Colours = Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()]));
  out.off = out.calm = out["line-strong"];
  out.font = style.fontFamily;
  return out;
}

const readable = 11; // pixels of a label
const labelled = 17; // pixels of a box that has room for one

/** The canvas with as many pixels as the screen has, cleared. */
export function cleared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = canvas.getContext("2d");
  ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx?.clearRect(0, 0, width, height);
  return ctx;
}

/** Draws what is in view: plain boxes, with their names as soon as these can be read. */
export function draw(ctx: CanvasRenderingContext2D, s: Scene, v: View, c: Colours) {
  const [w, h] = [nodeWidth * v.zoom, nodeHeight * v.zoom];
  drawLines(ctx, s, v, c);
  const labels = h >= labelled;
  ctx.font = `600 ${readable}px ${c.font}`;
  ctx.textBaseline = "middle";
  for (const b of s.boxes) {
    const x = b.x * v.zoom + v.x;
    const y = b.y * v.zoom + v.y;
    if (x > v.width || y > v.height || x + w < 0 || y + h < 0) continue;
    if (!labels) {
      ctx.fillStyle = b.critical ? c.accent : c[b.tone];
      ctx.fillRect(x, y, Math.max(2, w), Math.max(2, h));
    } else {
      ctx.fillStyle = b.critical ? c["accent-soft"] : c.panel;
      ctx.fillRect(x, y, w, h);
      ctx.strokeStyle = c["line-strong"];
      ctx.lineWidth = 1;
      ctx.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
      ctx.fillStyle = c[b.tone];
      ctx.fillRect(x, y, 4, h);
      ctx.fillStyle = c.text;
      ctx.fillText(shortened(ctx, b.name, w - 12), x + 8, y + h / 2);
    }
    if (b.focus) {
      ctx.strokeStyle = c.accent;
      ctx.lineWidth = 3;
      ctx.strokeRect(x - 3, y - 3, Math.max(2, w) + 6, Math.max(2, h) + 6);
    }
  }
}

function drawLines(ctx: CanvasRenderingContext2D, s: Scene, v: View, c: Colours) {
  const styles: [Line["kind"], string, number][] = [
    ["plain", v.zoom < 0.2 ? c.line : c["line-strong"], 1],
    ["satisfied", c.good, v.zoom < 0.2 ? 1 : 1.5],
    ["critical", c.accent, 2.5],
  ];
  for (const [kind, colour, width] of styles) {
    ctx.beginPath();
    for (const l of s.lines) {
      if (l.kind !== kind) continue;
      const ax = l.ax * v.zoom + v.x;
      const bx = l.bx * v.zoom + v.x;
      const ay = l.ay * v.zoom + v.y;
      const by = l.by * v.zoom + v.y;
      if (Math.max(ax, bx) < 0 || Math.min(ax, bx) > v.width || Math.max(ay, by) < 0 || Math.min(ay, by) > v.height) continue;
      ctx.moveTo(ax, ay);
      ctx.lineTo(bx, by);
    }
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}

const widths = new Map<string, string>();

/** As much of a name as there is room for: its end, which tells more than its beginning. */
function shortened(ctx: CanvasRenderingContext2D, name: string, room: number): string {
  const key = `${Math.round(room)} ${name}`;
  let text = widths.get(key);
  if (text === undefined) {
    text = name;
    for (let n = name.length - 1; n > 0 && ctx.measureText(text).width > room; n--) text = `…${name.slice(-n)}`;
    if (widths.size > 20_000) widths.clear();
    widths.set(key, text);
  }
  return text;
}

/** The job at a place of the graph. */
export function boxAt(s: Scene, x: number, y: number): Box | undefined {
  return s.boxes.find((b) => x >= b.x && x <= b.x + nodeWidth && y >= b.y && y <= b.y + nodeHeight);
}
