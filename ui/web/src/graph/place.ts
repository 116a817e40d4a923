// Asks the worker where the jobs of a graph stand, whenever its shape changes.
import { useEffect, useRef, useState } from "react";
import type { Network } from "../api";
import type { Laid } from "./size";

let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<number, (laid: Laid) => void>();

function layOutAside(network: Network): { laid: Promise<Laid>; forget: () => void } {
  if (!worker) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (e: MessageEvent<{ id: number; laid: Laid }>) => {
      waiting.get(e.data.id)?.(e.data.laid);
      waiting.delete(e.data.id);
    };
  }
  const id = ++asked;
  const laid = new Promise<Laid>((done) => waiting.set(id, done));
  // Places depend on who is there and what is between them: that is all that goes over.
  worker.postMessage({ id, network: { nodes: network.nodes.map(({ name }) => ({ name })), edges: network.edges } });
  return { laid, forget: () => waiting.delete(id) };
}

export interface Placed {
  network: Network;
  laid: Laid;
  shape: string;
}

/** The graph with its places: as it was until those of its new shape are known. */
export function usePlaces(network: Network): Placed | undefined {
  const shape = JSON.stringify([network.nodes.map((n) => n.name), network.edges.map((e) => [e.from, e.to])]);
  const [known, setKnown] = useState<{ shape: string; laid: Laid }>();
  const latest = useRef(network);
  latest.current = network;
  const last = useRef<Placed>(undefined);
  useEffect(() => {
    const { laid, forget } = layOutAside(latest.current);
    void laid.then((l) => setKnown({ shape, laid: l }));
    return forget;
  }, [shape]);
  if (known?.shape === shape && (last.current?.network !== network || last.current.shape !== shape))
    last.current = { network, laid: known.laid, shape };
  return last.current;
}
