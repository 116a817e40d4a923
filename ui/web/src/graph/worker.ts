// Lays graphs out beside the page, which goes on meanwhile.
import type { Network } from "../api";
import { layOut } from "./layout";

self.onmessage = (e: MessageEvent<{ id: number; network: Network }>) => {
  self.postMessage({ id: e.data.id, laid: layOut(e.data.network) });
};
