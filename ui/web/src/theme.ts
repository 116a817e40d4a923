// Light or dark: as the system says, unless somebody chose.
import { useSyncExternalStore } from "react";

export type Theme = "auto" | "light" | "dark";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function remembered(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null; // storage is switched off
  }
}

export function remember(key: string, value: string) {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // then it holds for this page only
  }
}

const read = (): Theme => {
  const x = remembered("hora.theme");
  return x === "light" || x === "dark" ? x : "auto";
};
let theme = read();

function apply() {
  document.documentElement.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  for (const l of listeners) l();
}

dark.addEventListener("change", apply);
apply();

export function setTheme(x: Theme) {
  theme = x;
  remember("hora.theme", x);
  apply();
}

const listen = (l: () => void) => {
  listeners.add(l);
  return () => listeners.delete(l);
};

export const useTheme = () => useSyncExternalStore(listen, () => theme);

/** What is shown in the end. */
export const useShownTheme = () => useSyncExternalStore(listen, () => document.documentElement.dataset.theme as "light" | "dark");
