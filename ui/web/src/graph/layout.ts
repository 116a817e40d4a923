// Where the jobs of a graph stand.
import { Graph, layout } from "@dagrejs/dagre";
import type { Network } from "../api";

export const nodeWidth = 210;
export const nodeHeight = 54;
const gap = 60;

export type Laid = Map<string, { x: number; y: number }>;

/** The parts that nothing connects, largest first. */
export function components(network: Network): string[][] {
  const next = new Map<string, string[]>(network.nodes.map((n) => [n.name, []]));
  for (const e of network.edges) {
    next.get(e.from)?.push(e.to);
    next.get(e.to)?.push(e.from);
  }
  const seen = new Set<string>();
  const out: string[][] = [];
  for (const n of network.nodes) {
    if (seen.has(n.name)) continue;
    const part: string[] = [];
    const front = [n.name];
    seen.add(n.name);
    while (front.length) {
      const name = front.pop()!;
      part.push(name);
      for (const m of next.get(name) ?? []) {
        if (!seen.has(m)) {
          seen.add(m);
          front.push(m);
        }
      }
    }
    out.push(part);
  }
  return out.sort((a, b) => b.length - a.length);
}

/** Lays each part out from left to right, and the parts like lines of text. */
export function layOut(network: Network): Laid {
  const out: Laid = new Map();
  const parts = components(network);
  const widest = Math.max(1600, Math.sqrt(network.nodes.length) * (nodeWidth + gap) * 1.4);
  let x = 0;
  let y = 0;
  let line = 0;
  for (const part of parts) {
    const g = new Graph();
    const names = new Set(part);
    g.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 70, ranker: part.length > 400 ? "longest-path" : "network-simplex" });
    g.setDefaultEdgeLabel(() => ({}));
    for (const name of part) g.setNode(name, { width: nodeWidth, height: nodeHeight });
    for (const e of network.edges) if (names.has(e.from) && names.has(e.to)) g.setEdge(e.from, e.to);
    layout(g);
    const { width = nodeWidth, height = nodeHeight } = g.graph() as { width?: number; height?: number };
    if (x > 0 && x + width > widest) {
      x = 0;
      y += line + gap;
      line = 0;
    }
    for (const name of part) {
      const n = g.node(name) as { x: number; y: number };
      out.set(name, { x: x + n.x - nodeWidth / 2, y: y + n.y - nodeHeight / 2 });
    }
    x += width + gap;
    line = Math.max(line, height);
  }
  return out;
}

/** The chain that takes longest, by the last runs' durations. */
export function criticalPath(network: Network): { names: string[]; ms: number } {
  const took = new Map(network.nodes.map((n) => [n.name, n.durationMs ?? 0]));
  const parents = new Map<string, string[]>();
  for (const e of network.edges) parents.set(e.to, [...(parents.get(e.to) ?? []), e.from]);
  const best = new Map<string, { ms: number; from?: string }>();
  const visit = (start: string) => {
    const stack = [start];
    while (stack.length) {
      const name = stack[stack.length - 1];
      const open = (parents.get(name) ?? []).filter((p) => !best.has(p));
      if (open.length) {
        stack.push(...open);
        continue;
      }
      stack.pop();
      if (best.has(name)) continue;
      let longest = 0;
      let from: string | undefined;
      for (const p of parents.get(name) ?? []) {
        const ms = best.get(p)?.ms ?? 0;
        if (from === undefined || ms > longest) {
          longest = ms;
          from = p;
        }
      }
      best.set(name, { ms: longest + (took.get(name) ?? 0), from });
    }
  };
  let end: string | undefined;
  for (const n of network.nodes) {
    visit(n.name);
    if (end === undefined || best.get(n.name)!.ms > best.get(end)!.ms) end = n.name;
  }
  const names: string[] = [];
  for (let at = end; at !== undefined; at = best.get(at)?.from) names.unshift(at);
  return { names, ms: end === undefined ? 0 : best.get(end)!.ms };
}

/** Leaves out what lies behind folded jobs and nowhere else. */
export function fold(network: Network, folded: Set<string>): Network {
  if (folded.size === 0) return network;
  const children = new Map<string, string[]>();
  const parents = new Map<string, number>();
  for (const e of network.edges) {
    children.set(e.from, [...(children.get(e.from) ?? []), e.to]);
    parents.set(e.to, (parents.get(e.to) ?? 0) + 1);
  }
  const seen = new Set<string>();
  const front = network.nodes.filter((n) => !parents.get(n.name)).map((n) => n.name);
  while (front.length) {
    const name = front.pop()!;
    if (seen.has(name)) continue;
    seen.add(name);
    if (!folded.has(name)) front.push(...(children.get(name) ?? []));
  }
  return {
    ...network,
    nodes: network.nodes.filter((n) => seen.has(n.name)),
    edges: network.edges.filter((e) => seen.has(e.from) && seen.has(e.to)),
  };
}
