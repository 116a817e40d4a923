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

export function watchLocale(l: () => void): () => void {
  listeners.add(l);
  return () => {
    listeners.delete(l);
  };
}

export const useLocale = () => useSyncExternalStore(watchLocale, locale);

export const has = (key: string): key is Key => Object.hasOwn(en, key);

/** The text of a key, with what stands in its holes: {n} is a value, {n|job|jobs} one of two words by it. */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  const text: string = (current === "zh" ? zh : en)[key] ?? key;
  const value = (name: string, missing: string) => (params[name] === undefined ? missing : String(params[name]));
  return text
    .replace(/\{(\w+)\|([^|}]*)\|([^|}]*)\}/g, (whole, name: string, one: string, more: string) =>
      value(name, whole) === "1" ? one : more,
    )
    .replace(/\{(\w+)\}/g, (whole, name: string) => value(name, whole));
}
