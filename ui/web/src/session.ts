// Who looks at the page, as far as the server asks.
import { useSyncExternalStore } from "react";
import { call, gate, type Me, Problem, send } from "./api";

export interface Session {
  /** asking: not known yet; in: the server knows who it is, or does not ask; out: a login is needed. */
  state: "asking" | "in" | "out";
  /** While out: whose session has ended. While in, it is missing as long as the server could not be asked. */
  me?: Me;
}

let session: Session = { state: "asking" };
const listeners = new Set<() => void>();

function set(next: Session) {
  session = next;
  gate.csrf = next.state === "in" ? (next.me?.csrf ?? "") : "";
  for (const l of [...listeners]) l();
}

const same = (a?: Me, b?: Me) => a?.name === b?.name && a?.role === b?.role && a?.csrf === b?.csrf && a?.by === b?.by;

export const current = () => session;

export function watch(l: () => void): () => void {
  listeners.add(l);
  return () => {
    listeners.delete(l);
  };
}

export const useSession = (): Session => useSyncExternalStore(watch, current);

/** What the viewer may not do anywhere is not offered anywhere. */
export const useOrders = (): boolean => useSession().me?.role !== "viewer";

/** Asks the server who this is. */
export async function identify(): Promise<void> {
  try {
    const me = (await (await call("me", { plain: true })).json()) as Me;
    if (session.state !== "in" || !same(session.me, me)) set({ state: "in", me });
  } catch (e) {
    if (e instanceof Problem && e.status === 401) ended();
    else if (session.state === "asking") set({ state: "in" }); // the pages say what is wrong with the server
  }
}

/** The server does not know us any more. */
export function ended() {
  if (session.state !== "out") set({ state: "out", me: session.me });
}

export async function login(body: { user: string; password: string } | { token: string }): Promise<void> {
  const me = (await (await call("login", { method: "POST", body, plain: true })).json()) as Me;
  set({ state: "in", me });
}

/** Forgets all that is shown, too: it was for somebody else's eyes. */
export async function logout(): Promise<void> {
  await send("POST", "logout");
  window.location.reload();
}

gate.unknown = (signal) => {
  ended();
  return new Promise((known, gone) => {
    const stop = watch(() => {
      if (session.state !== "in") return;
      stop();
      known();
    });
    signal?.addEventListener("abort", () => {
      stop();
      gone(signal.reason);
    });
  });
};

// Another tab may have logged in anew: then the token is another one, and perhaps somebody else's.
gate.refused = async () => {
  const before = session.me;
  if (!before?.csrf) return false;
  await identify();
  const now = session.me;
  return session.state === "in" && now?.name === before.name && now.csrf !== before.csrf;
};
