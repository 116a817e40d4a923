// Which jobs are ticked: some by name, or all that the filter means.
import type { RowSelectionState } from "@tanstack/react-table";
import { useCallback, useRef, useState } from "react";
import { count } from "../format";
import { t } from "../i18n";
import { complain, say } from "../parts";
import { namesOf } from "./rows";

/** As many names as the server takes at once. */
export const maxPicked = 10_000;

export function usePick(q: string, sort: string, total: number) {
  const [names, setNames] = useState<RowSelectionState>({});
  const [allOf, setAllOf] = useState<string | null>(null); // the filter of which all are meant
  const anchor = useRef(-1); // where a range begins
  const everything = allOf === q;
  const number = everything ? total : Object.keys(names).length;
  const add = useCallback((list: string[], on: boolean) => {
    setNames((old) => {
      const next = { ...old };
      for (const name of list)
        if (on) next[name] = true;
        else delete next[name];
      if (Object.keys(next).length <= maxPicked) return next;
      say(t("pick.limit", { n: count(maxPicked) }), true);
      return old;
    });
  }, []);
  const range = useCallback(
    async (from: number, to: number, on: boolean) => {
      if (to - from >= maxPicked) {
        say(t("pick.limit", { n: count(maxPicked) }), true);
        return;
      }
      try {
        add(await namesOf(q, sort, from, to), on);
      } catch (e) {
        complain(e);
      }
    },
    [add, q, sort],
  );
  const picked = useRef(names);
  picked.current = names;
  const pick = useCallback(
    (index: number, name: string, withRange: boolean) => {
      const on = !picked.current[name];
      if (withRange && anchor.current >= 0) void range(Math.min(anchor.current, index), Math.max(anchor.current, index), true);
      else add([name], on);
      anchor.current = index;
    },
    [add, range],
  );
  const clear = useCallback(() => {
    setNames({});
    setAllOf(null);
    anchor.current = -1;
  }, []);
  const forget = useCallback(() => {
    anchor.current = -1;
  }, []);
  return { names, setNames, everything, number, add, pick, clear, forget, all: () => setAllOf(q) };
}
