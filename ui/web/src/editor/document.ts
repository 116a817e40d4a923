// A definition while somebody changes it. What the form does not know of stays
// as it is: changes are made to the document, and only they are sent.
import type { Definition, Json } from "../api";

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => same(x, b[i]));
  }
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((n) => same(a[n], b[n]));
}

/** The merge patch (RFC 7396) that makes one document of another. */
export function mergePatch(from: Definition, to: Definition): Definition {
  const out: Definition = {};
  for (const name of Object.keys(from)) if (to[name] === undefined) out[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const old = from[name];
    if (same(old, value)) continue;
    out[name] = isObject(old) && isObject(value) ? mergePatch(old, value) : value;
  }
  return out;
}

function isObject(x: Json | undefined): x is Definition {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

/** A document with one field changed; undefined takes the field out. */
export function withField(doc: Definition, name: string, value: Json | undefined): Definition {
  if (value === undefined) {
    const { [name]: _, ...rest } = doc;
    return rest;
  }
  return { ...doc, [name]: value };
}

export type Constraint = [attribute: string, operator: string, value: string];

export function constraintsOf(doc: Definition): Constraint[] {
  const list = doc.constraints;
  if (!Array.isArray(list)) return [];
  return list.map((c) =>
    Array.isArray(c) ? ([String(c[0] ?? ""), String(c[1] ?? ""), String(c[2] ?? "")] as Constraint) : (["", "", String(c)] as Constraint),
  );
}

const escapeHost = (host: string) => host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const unescapeHost = (text: string) => text.replace(/\\(.)/g, "$1");
const literalHosts = /^(?:[\w-]|\\.)+(?:\|(?:[\w-]|\\.)+)*$/;

/** The hosts that the constraints pin the job to, and the place of the constraint that does; null: none does. */
export function pinnedHosts(list: Constraint[]): { at: number; hosts: string[] } | null {
  for (let at = 0; at < list.length; at++) {
    const [attribute, operator, value] = list[at];
    if (attribute !== "hostname") continue;
    if (operator === "EQUALS") return { at, hosts: [value] };
    const inner = value.startsWith("(") && value.endsWith(")") ? value.slice(1, -1) : value;
    if (operator === "LIKE" && literalHosts.test(inner)) return { at, hosts: inner.split("|").map(unescapeHost) };
  }
  return null;
}

/** Constraints that pin the job to these hosts; the others stay as they are. */
export function pin(list: Constraint[], hosts: string[]): Constraint[] {
  const before = pinnedHosts(list);
  const out = [...list];
  const wanted: Constraint | null =
    hosts.length === 0
      ? null
      : hosts.length === 1
        ? ["hostname", "EQUALS", hosts[0]]
        : ["hostname", "LIKE", hosts.map(escapeHost).join("|")];
  if (before && wanted) out[before.at] = wanted;
  else if (before) out.splice(before.at, 1);
  else if (wanted) out.push(wanted);
  return out;
}

/** The control of the form that a mistake is about: container.volumes[1].mode is container.volumes.mode. */
export function fieldOf(path: string | undefined): string {
  return (path ?? "").replace(/\[[^\]]*\]/g, "");
}
