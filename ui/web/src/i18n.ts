// The page in two languages.
import { useSyncExternalStore } from "react";
import { en } from "./texts/en";
import { zh } from "./texts/zh";
import { remember, remembered } from "./theme";

export type Key = keyof typeof en;
export type Locale = "en" | "zh";

const first = (): Locale => {
  const x = remembered("hora.language");
  if (x === "en" || x === "zh") return x;
  return navigator.language?.toLowerCase().startsWith("zh") ? "zh" : "en";
};

let current: Locale = first();
const listeners = new Set<() => void>();

export const locale = () => current;

export function setLocale(l: Locale) {
  current = l;
  remember("hora.language", l);
  for (const listener of listeners) listener();
}

export const useLocale = () =>
  useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => current,
  );

export const has = (key: string): key is Key => Object.hasOwn(en, key);

export function t(key: Key, params: Record<string, string | number> = {}): string {
  const text: string = (current === "zh" ? zh : en)[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (params[name] === undefined ? whole : String(params[name])));
}
