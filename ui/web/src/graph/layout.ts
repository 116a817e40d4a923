// Where the jobs of a graph stand.
import { Graph, layout } from "@dagrejs/dagre";
import type { Network } from "../api";
import { layers } from "./layers";
import { components } from "./network";
import { gap, type Laid, nodeHeight, nodeWidth } from "./size";

/** Parts of more jobs are not dagre's: of 2,000 it makes 10 seconds of work. */
const dagreMost = 150;

/** Lays each part out from left to right, and the parts like lines of text. */
export function layOut(network: Network): Laid {
  const out: Laid = new Map();
  const parts = components(network);
  const part = new Map<string, number>();
  parts.forEach((names, i) => {
    for (const name of names) part.set(name, i);
  });
  const edges: [string, string][][] = parts.map(() => []);
  for (const e of network.edges) if (part.has(e.from) && part.has(e.to)) edges[part.get(e.from)!].push([e.from, e.to]);
  const widest = Math.max(1600, Math.sqrt(network.nodes.length) * (nodeWidth + gap) * 1.4);
  let x = 0;
  let y = 0;
  let line = 0;
  parts.forEach((names, i) => {
    const at = names.length > dagreMost ? layers(names, edges[i]) : small(names, edges[i]);
    let width = 0;
    let height = 0;
    for (const p of at.values()) {
      width = Math.max(width, p.x + nodeWidth);
      height = Math.max(height, p.y + nodeHeight);
    }
    if (x > 0 && x + width > widest) {
      x = 0;
      y += line + gap;
      line = 0;
    }
    for (const [name, p] of at) out.set(name, { x: x + p.x, y: y + p.y });
    x += width + gap;
    line = Math.max(line, height);
  });
  return out;
}

function small(names: string[], edges: [string, string][]): Laid {
  const g = new Graph();
  g.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 70, ranker: "network-simplex" });
  g.setDefaultEdgeLabel(() => ({}));
  for (const name of names) g.setNode(name, { width: nodeWidth, height: nodeHeight });
  for (const [from, to] of edges) g.setEdge(from, to);
  layout(g);
  const out: Laid = new Map();
  for (const name of names) {
    const n = g.node(name) as { x: number; y: number };
    out.set(name, { x: n.x - nodeWidth / 2, y: n.y - nodeHeight / 2 });
  }
  return out;
}
