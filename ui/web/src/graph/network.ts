// What can be said of a graph without seeing it: its parts, how deep a job
// lies, the longest chain, and what is left when something is folded.
import type { Network } from "../api";

type Links = Map<string, string[]>;

/** The parents and the children of each job, as far as they are in the graph. */
export function links(network: Network): { parents: Links; children: Links } {
  const parents: Links = new Map(network.nodes.map((n) => [n.name, []]));
  const children: Links = new Map(network.nodes.map((n) => [n.name, []]));
  for (const e of network.edges) {
    children.get(e.from)?.push(e.to);
    parents.get(e.to)?.push(e.from);
  }
  return { parents, children };
}

/** The jobs in an order in which parents come before their children. */
export function ordered(network: Network, { parents, children }: { parents: Links; children: Links } = links(network)): string[] {
  const open = new Map(network.nodes.map((n) => [n.name, parents.get(n.name)!.length]));
  const out = network.nodes.filter((n) => open.get(n.name) === 0).map((n) => n.name);
  for (let i = 0; i < out.length; i++) {
    for (const child of children.get(out[i])!) {
      const left = open.get(child)! - 1;
      open.set(child, left);
      if (left === 0) out.push(child);
    }
  }
  return out;
}

/** The parts that nothing connects, largest first. */
export function components(network: Network): string[][] {
  const { parents, children } = links(network);
  const seen = new Set<string>();
  const out: string[][] = [];
  for (const n of network.nodes) {
    if (seen.has(n.name)) continue;
    const part = [n.name];
    seen.add(n.name);
    for (let i = 0; i < part.length; i++) {
      for (const near of [parents.get(part[i])!, children.get(part[i])!]) {
        for (const m of near) {
          if (!seen.has(m)) {
            seen.add(m);
            part.push(m);
          }
        }
      }
    }
    out.push(part);
  }
  return out.sort((a, b) => b.length - a.length);
}

/** How many steps at most lead to each job from one that has no parents. */
export function depths(network: Network): Map<string, number> {
  const near = links(network);
  const out = new Map<string, number>();
  for (const name of ordered(network, near)) out.set(name, Math.max(-1, ...near.parents.get(name)!.map((p) => out.get(p)!)) + 1);
  return out;
}

/** The chain that takes longest, by the last runs' durations. */
export function criticalPath(network: Network): { names: string[]; ms: number } {
  const took = new Map(network.nodes.map((n) => [n.name, n.durationMs ?? 0]));
  const near = links(network);
  const best = new Map<string, { ms: number; from?: string }>();
  let end: string | undefined;
  for (const name of ordered(network, near)) {
    let from: string | undefined;
    for (const p of near.parents.get(name)!) if (from === undefined || best.get(p)!.ms > best.get(from)!.ms) from = p;
    const ms = (from === undefined ? 0 : best.get(from)!.ms) + took.get(name)!;
    best.set(name, { ms, from });
    if (end === undefined || ms > best.get(end)!.ms) end = name;
  }
  const names: string[] = [];
  for (let at = end; at !== undefined; at = best.get(at)?.from) names.unshift(at);
  return { names, ms: end === undefined ? 0 : best.get(end)!.ms };
}

/** Leaves out what lies behind folded jobs and nowhere else. */
export function fold(network: Network, folded: Set<string>): Network {
  if (folded.size === 0) return network;
  const { parents, children } = links(network);
  const seen = new Set<string>();
  const front = network.nodes.filter((n) => parents.get(n.name)!.length === 0).map((n) => n.name);
  while (front.length) {
    const name = front.pop()!;
    if (seen.has(name)) continue;
    seen.add(name);
    if (!folded.has(name)) front.push(...children.get(name)!);
  }
  return {
    ...network,
    nodes: network.nodes.filter((n) => seen.has(n.name)),
    edges: network.edges.filter((e) => seen.has(e.from) && seen.has(e.to)),
  };
}

/**
 * How many jobs folding each shown job hides: of a folded one those that it
 * hides now, of another one those that it would. Jobs without children are not named.
 */
export function behind(whole: Network, folded: Set<string>): Map<string, number> {
  const shown = fold(whole, folded);
  const out = alone({ ...shown, edges: shown.edges.filter((e) => !folded.has(e.from)) }); // nothing is reached through them
  const { children } = links(whole);
  const visible = new Set(shown.nodes.map((n) => n.name));
  for (const name of visible) {
    if (children.get(name)!.length === 0) continue;
    if (!folded.has(name)) {
      out.set(name, out.get(name) ?? 0);
      continue;
    }
    const hidden = new Set<string>();
    const front = [...children.get(name)!];
    while (front.length) {
      const next = front.pop()!;
      if (visible.has(next) || hidden.has(next)) continue;
      hidden.add(next);
      front.push(...children.get(next)!);
    }
    out.set(name, hidden.size);
  }
  return out;
}

/**
 * How many jobs can be reached through each job alone. A job's dominator is the
 * last one that every way to it passes: where its parents' lines of dominators
 * meet. In an order of parents first one pass finds them all.
 */
function alone(network: Network): Map<string, number> {
  const near = links(network);
  const order = ordered(network, near);
  const over = new Map<string, string | undefined>();
  const level = new Map<string, number>();
  const meet = (a: string | undefined, b: string | undefined) => {
    while (a !== b) {
      if (a === undefined || b === undefined) return undefined;
      if (level.get(a)! > level.get(b)!) a = over.get(a);
      else if (level.get(b)! > level.get(a)!) b = over.get(b);
      else [a, b] = [over.get(a), over.get(b)];
    }
    return a;
  };
  for (const name of order) {
    const parents = near.parents.get(name)!;
    const by = parents.length ? parents.slice(1).reduce<string | undefined>((m, p) => meet(m, p), parents[0]) : undefined;
    over.set(name, by);
    level.set(name, by === undefined ? 0 : level.get(by)! + 1);
  }
  const out = new Map<string, number>();
  for (const name of order.reverse()) {
    const by = over.get(name);
    if (by !== undefined) out.set(by, (out.get(by) ?? 0) + (out.get(name) ?? 0) + 1);
  }
  return out;
}
