import { expect, test } from "vitest";
import type { Network } from "../../src/api";
import { layers, spread } from "../../src/graph/layers";
import { layOut } from "../../src/graph/layout";
import { behind, components, criticalPath, depths, fold, ordered } from "../../src/graph/network";
import { type Laid, nodeHeight, nodeWidth } from "../../src/graph/size";
import { step } from "../../src/graph/step";

const node = (name: string, durationMs = 0) => ({
  name,
  kind: "cron",
  state: "idle",
  failing: false,
  late: false,
  disabled: false,
  durationMs,
});
const edge = (from: string, to: string) => ({ from, to, condition: "succeeded", satisfied: false });
const diamond: Network = {
  nodes: [node("a", 10), node("b", 5), node("c", 50), node("d", 1), node("x", 3), node("y", 3)],
  edges: [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d"), edge("x", "y")],
  truncated: false,
};

/** Some graph or other: each job may have parents among the twelve before it. */
function some(n: number, seed: number): Network {
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const nodes = Array.from({ length: n }, (_, i) => node(`j${i}`, Math.floor(random() * 100)));
  const edges = nodes.flatMap((_, i) => {
    const parents = new Set<number>();
    for (let k = Math.floor(random() * 4); k > 0 && i > 0; k--) parents.add(Math.max(0, i - 1 - Math.floor(random() * 12)));
    return [...parents].map((p) => edge(`j${p}`, `j${i}`));
  });
  return { nodes, edges, truncated: false };
}

function checkPlaces(network: Network, at: Laid) {
  expect(at.size).toBe(network.nodes.length);
  const all = [...at.values()].sort((p, q) => p.x - q.x);
  for (let i = 0; i < all.length; i++) {
    for (let k = i + 1; k < all.length && all[k].x - all[i].x < nodeWidth; k++)
      expect(Math.abs(all[k].y - all[i].y)).toBeGreaterThanOrEqual(nodeHeight);
  }
  for (const e of network.edges) expect(at.get(e.to)!.x).toBeGreaterThan(at.get(e.from)!.x);
}

test("no two jobs of the graph lie upon each other, and children stand to the right", () => {
  checkPlaces(diamond, layOut(diamond));
  for (let seed = 1; seed < 20; seed++) checkPlaces(some(seed * 12, seed), layOut(some(seed * 12, seed)));
});

test("the layout of large parts holds the same, also of a star, a chain and 2,000 jobs", () => {
  const star = Array.from({ length: 600 }, (_, i) => `s${i}`);
  const rays = star.slice(1).map((s): [string, string] => ["s0", s]);
  const chain = star.slice(1).map((s, i): [string, string] => [`s${i}`, s]);
  for (const edges of [rays, chain]) {
    const network = { nodes: star.map((s) => node(s)), edges: edges.map(([a, b]) => edge(a, b)), truncated: false };
    checkPlaces(network, layers(star, edges));
  }
  for (const n of [1, 2, 300, 2000]) {
    const g = some(n, n);
    checkPlaces(
      g,
      layers(
        g.nodes.map((x) => x.name),
        g.edges.map((e) => [e.from, e.to]),
      ),
    );
  }
});

test("what is wished for is kept where there is room, and what is too near moves as little as it can", () => {
  expect(spread([0, 100, 200], 10)).toEqual([0, 100, 200]);
  expect(spread([0, 0, 0], 10)).toEqual([-10, 0, 10]);
  expect(spread([5, 0], 10)).toEqual([-2.5, 7.5]);
});

test("parts, the longest chain, depths", () => {
  expect(components(diamond).map((p) => p.sort().join(""))).toEqual(["abcd", "xy"]);
  expect(criticalPath(diamond)).toEqual({ names: ["a", "c", "d"], ms: 61 });
  expect(Object.fromEntries(depths(diamond))).toEqual({ a: 0, b: 1, c: 1, d: 2, x: 0, y: 1 });
  expect(ordered(diamond).length).toBe(6);
});

test("the longest chain is the longest of all chains", () => {
  for (let seed = 1; seed < 30; seed++) {
    const g = some(14, seed);
    const children = new Map(g.nodes.map((n) => [n.name, g.edges.filter((e) => e.from === n.name).map((e) => e.to)]));
    const took = new Map(g.nodes.map((n) => [n.name, n.durationMs]));
    const longest = (name: string): number => took.get(name)! + Math.max(0, ...children.get(name)!.map(longest));
    const found = criticalPath(g);
    expect(found.ms).toBe(Math.max(...g.nodes.map((n) => longest(n.name))));
    expect(found.names.reduce((s, n) => s + took.get(n)!, 0)).toBe(found.ms);
    for (let i = 1; i < found.names.length; i++) expect(children.get(found.names[i - 1])).toContain(found.names[i]);
  }
});

test("folding hides what is behind a job alone", () => {
  expect(fold(diamond, new Set(["b"])).nodes.map((n) => n.name)).toEqual(["a", "b", "c", "d", "x", "y"]);
  expect(fold(diamond, new Set(["a"])).nodes.map((n) => n.name)).toEqual(["a", "x", "y"]);
  expect(Object.fromEntries(behind(diamond, new Set()))).toEqual({ a: 3, b: 0, c: 0, x: 1 });
  expect(Object.fromEntries(behind(diamond, new Set(["a"])))).toEqual({ a: 3, x: 1 });
  expect(Object.fromEntries(behind(diamond, new Set(["b", "c"])))).toEqual({ a: 2, b: 1, c: 1, x: 1 });
});

test("the number on a job is how many jobs its button hides, and shows again", () => {
  for (let seed = 1; seed < 40; seed++) {
    const g = some(25, seed);
    const names = g.nodes.map((n) => n.name);
    const folded = new Set(names.filter((_, i) => (i * 7 + seed) % 9 === 0));
    const shown = fold(g, folded).nodes.length;
    for (const [name, n] of behind(g, folded)) {
      const other = new Set(folded);
      if (!other.delete(name)) {
        other.add(name);
        expect(shown - fold(g, other).nodes.length, `${seed} ${name}`).toBe(n);
      } else expect(fold(g, other).nodes.length - shown, `${seed} ${name}`).toBeLessThanOrEqual(n);
    }
  }
});

test("arrow keys go to parents, children and neighbours", () => {
  const at: Laid = new Map([
    ["a", { x: 0, y: 30 }],
    ["b", { x: 300, y: 0 }],
    ["c", { x: 300, y: 70 }],
    ["d", { x: 600, y: 30 }],
  ]);
  expect(step(diamond, at, "a", "ArrowRight")).toBe("b");
  expect(step(diamond, at, "c", "ArrowUp")).toBe("b");
  expect(step(diamond, at, "b", "ArrowDown")).toBe("c");
  expect(step(diamond, at, "d", "ArrowLeft")).toBe("b");
  expect(step(diamond, at, "d", "ArrowRight")).toBeUndefined();
  expect(step(diamond, at, "a", "x")).toBeUndefined();
});
