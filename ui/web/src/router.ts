// Addresses live behind the #, so that the server needs to know one path only,
// whatever prefix it is served under.
import { useCallback, useSyncExternalStore } from "react";

export interface Place {
  parts: string[];
  query: URLSearchParams;
}

export function readPlace(hash: string): Place {
  const text = hash.replace(/^#\/?/, "");
  const at = text.indexOf("?");
  const path = at < 0 ? text : text.slice(0, at);
  return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(at < 0 ? "" : text.slice(at + 1)) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page: its parts are encoded, empty parameters are left out. */
export function to(parts: string[], params: Record<string, string | undefined> = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v) q.set(k, v);
  const text = q.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

const listen = (changed: () => void) => {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
};

/** What leaves the page asks this first; false stays. */
let guard: (() => boolean) | null = null;
let here = typeof window === "undefined" ? "" : window.location.hash;

export function setGuard(g: (() => boolean) | null) {
  guard = g;
}

if (typeof window !== "undefined") {
  window.addEventListener("hashchange", () => {
    if (guard && window.location.hash !== here && !guard()) {
      window.history.replaceState(null, "", here || "#/");
      return;
    }
    here = window.location.hash;
  });
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => window.location.hash);
  return readPlace(hash);
}

export function go(hash: string, replace = false) {
  if (!replace) {
    window.location.hash = hash;
    return;
  }
  window.history.replaceState(null, "", hash);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

/** A parameter of the address. */
export function useParam(name: string): [string, (value: string) => void] {
  const place = usePlace();
  const set = useCallback(
    (value: string) => {
      const p = readPlace(window.location.hash);
      if (value) p.query.set(name, value);
      else p.query.delete(name);
      go(to(p.parts, Object.fromEntries(p.query)), true);
    },
    [name],
  );
  return [place.query.get(name) ?? "", set];
}
