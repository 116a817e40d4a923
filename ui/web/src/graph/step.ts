// Where the arrow keys lead from a job of the drawn graph.
import type { Network } from "../api";
import type { Laid } from "./size";

/** To the nearest child, parent, or neighbour of the same column. */
export function step(network: Network, laid: Laid, from: string, key: string): string | undefined {
  const here = laid.get(from);
  if (!here) return undefined;
  let candidates: string[] = [];
  if (key === "ArrowRight") candidates = network.edges.filter((e) => e.from === from).map((e) => e.to);
  else if (key === "ArrowLeft") candidates = network.edges.filter((e) => e.to === from).map((e) => e.from);
  else if (key === "ArrowUp" || key === "ArrowDown") {
    const way = key === "ArrowUp" ? -1 : 1;
    candidates = [...laid].filter(([, p]) => Math.abs(p.x - here.x) < 1 && (p.y - here.y) * way > 0).map(([name]) => name);
  }
  const far = (name: string) => Math.abs((laid.get(name)?.y ?? 0) - here.y);
  return candidates.sort((a, b) => far(a) - far(b))[0];
}
