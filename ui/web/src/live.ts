// The stream of events, and what the page knows of the server's health.
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { call, Problem, type Status } from "./api";
import { current, ended, identify, watch } from "./session";

export interface Health {
  state: "connecting" | "live" | "polling" | "away" | "leaderless";
  since: number; // when the server was last heard
}

let health: Health = { state: "connecting", since: Date.now() };
const listeners = new Set<() => void>();

function set(state: Health["state"], heard: boolean) {
  const since = heard ? Date.now() : health.since;
  if (health.state === state && !heard) return;
  const changed = health.state !== state;
  health = { state, since };
  if (changed) for (const l of listeners) l();
}

export function useHealth(): Health {
  return useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => health,
  );
}

/** How often queries ask without an event: often while there is no stream. */
export const pollTime = () => (health.state === "live" ? 15_000 : 4_000);

const heartbeat = 4000;
const quickly = 1000; // while it does not answer as it should
const settle = 700; // events of this time are answered by one round of questions

const unwell = () => health.state === "away" || health.state === "leaderless";

/** Keeps the queries of the client fresh until the page goes. */
export function follow(client: QueryClient) {
  let source: EventSource | null = null;
  let open = false;
  let timer: number | undefined;
  const jobs = new Set<string>();
  let everything = false;

  let busy = false;
  // one round of questions after the other: what happens meanwhile is for the next one
  const flush = async () => {
    timer = undefined;
    busy = true;
    const named = new Set(jobs);
    const all = everything;
    jobs.clear();
    everything = false;
    await client.invalidateQueries({
      predicate: (q) => {
        const [kind, name] = q.queryKey as [string, string?];
        if (all) return true;
        if (kind === "job" || kind === "jobRuns" || kind === "revisions") return named.has(name ?? "");
        return ["jobs", "facets", "now", "run", "graph", "audit"].includes(kind);
      },
    });
    busy = false;
    if (jobs.size > 0 || everything) later();
  };
  const later = () => {
    if (timer === undefined && !busy) timer = window.setTimeout(flush, settle);
  };
  const heard = (e: MessageEvent<string>) => {
    try {
      jobs.add((JSON.parse(e.data) as { job: string }).job);
    } catch {
      everything = true;
    }
    later();
  };
  const connect = () => {
    source = new EventSource("api/events");
    source.onopen = () => {
      open = true;
      set("live", true);
      everything = true; // what happened while nobody listened
      later();
    };
    source.onerror = () => {
      const broke = open;
      open = false;
      if (source?.readyState === EventSource.CLOSED) source = null; // the heartbeat connects again
      if (broke) void beat(); // something has happened to the server, or to the leader behind it
    };
    for (const kind of ["run", "job", "decision"]) source.addEventListener(kind, heard as EventListener);
    source.addEventListener("reset", () => {
      everything = true;
      later();
    });
  };
  let next = 0;
  let beats = 0;
  const beat = async () => {
    const mine = ++beats;
    window.clearTimeout(next);
    if (current().state !== "out") await look();
    if (mine === beats) next = window.setTimeout(beat, unwell() ? quickly : heartbeat); // else a later one goes on
  };
  const look = async () => {
    try {
      if (!current().me) await identify(); // it could not be asked before
      const s = (await (await call("status", { signal: AbortSignal.timeout(heartbeat * 2), plain: true })).json()) as Status;
      const back = unwell();
      set(s.leading ? (open ? "live" : "polling") : "leaderless", true);
      if (s.leading && !source) connect();
      if (back && s.leading) {
        everything = true;
        later();
      }
    } catch (e) {
      const status = e instanceof Problem ? e.status : 0;
      if (status === 401) ended();
      else set(status === 503 ? "leaderless" : "away", false); // a process is there, and cannot reach who leads
    }
  };
  let before = current().state;
  watch(() => {
    const state = current().state;
    if (state === "in" && before === "out") void beat();
    before = state;
  });
  if (before === "in") connect();
  void beat();
}
