// The list by keyboard: j, k, x, Enter, Escape.
import { useEffect, useRef } from "react";

interface Keys {
  total: number;
  active: number;
  move: (to: number) => void;
  pick: (range: boolean) => void;
  enter: () => void;
  escape: () => void;
}

const typing = "input:not([type=checkbox], [type=radio]), textarea, select, dialog, .popup, [contenteditable]";

export function useKeys(k: Keys) {
  const moved = useRef(false);
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.defaultPrevented || at.closest(typing) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open], .popup"))
        return;
      switch (e.key) {
        case "j":
        case "k":
          if (k.total === 0) return;
          moved.current = true;
          k.move(Math.max(0, Math.min(k.total - 1, k.active + (e.key === "j" ? 1 : -1))));
          return;
        case "x":
        case "X":
          if (k.active >= 0) k.pick(e.key === "X");
          return;
        case "Enter":
          if (k.active >= 0 && !at.closest("a, button, input")) k.enter();
          return;
        case "Escape":
          k.escape();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  // the row that is moved to takes the focus, as soon as it is drawn
  useEffect(() => {
    if (!moved.current) return;
    const link = document.querySelector<HTMLElement>(`.list [aria-rowindex="${k.active + 2}"] a`);
    if (!link) return;
    moved.current = false;
    link.focus({ preventScroll: true });
  });
}
