// The fields of a definition, as the form shows them.
import type { Key } from "../i18n";
import type { Column } from "./rows";

export type Kind = "text" | "area" | "bool" | "int" | "number" | "duration" | "enum" | "lines" | "zone" | "time" | "rows";

export interface Spec {
  name: string;
  kind: Kind;
  values?: string[];
  hint?: string; // what stands there if nothing does
  wide?: boolean;
  off?: boolean; // what a missing bool means
}

export interface Section {
  key: Key;
  fields: Spec[];
  open: boolean;
}

const f = (name: string, kind: Kind, more: Partial<Spec> = {}): Spec => ({ name, kind, ...more });

export const sections: Section[] = [
  {
    key: "section.what",
    open: true,
    fields: [
      f("command", "area", { wide: true }),
      f("runAsUser", "text"),
      f("retries", "int"),
      f("retryInterval", "duration"),
      f("description", "text", { wide: true }),
    ],
  },
  { key: "section.where", open: true, fields: [] },
  { key: "section.when", open: true, fields: [] },
  {
    key: "section.resources",
    open: true,
    fields: [
      f("cpus", "number"),
      f("mem", "number"),
      f("disk", "number"),
      f("gpus", "int", { hint: "0" }),
      f("ports", "int", { hint: "0" }),
      f("highPriority", "bool"),
    ],
  },
  {
    key: "section.policies",
    open: false,
    fields: [
      f("overlap", "enum", { values: ["queue", "skip", "allow", "replace"] }),
      f("maxConcurrent", "int"),
      f("catchUp", "enum", { values: ["latest", "all", "none"] }),
      f("epsilon", "duration", { hint: "PT5M" }),
      f("jitter", "duration", { hint: "30s" }),
      f("timeout", "duration", { hint: "1h" }),
      f("expectedDuration", "duration", { hint: "10m" }),
      f("retryBackoff", "enum", { values: ["fixed", "exponential"] }),
      f("retryMaxInterval", "duration", { hint: "1h" }),
      f("retryJitter", "number", { hint: "0" }),
      f("retryOn", "lines", { hint: "75, 1-63" }),
      f("softError", "bool"),
      f("disabled", "bool"),
    ],
  },
  {
    key: "section.environment",
    open: false,
    fields: [
      f("environmentVariables", "rows"),
      f("arguments", "lines", { wide: true }),
      f("uris", "lines", { wide: true }),
      f("fetch", "rows"),
      f("shell", "bool", { off: true }),
    ],
  },
  { key: "section.container", open: false, fields: [] },
  {
    key: "section.people",
    open: false,
    fields: [f("owner", "text"), f("ownerName", "text"), f("notify", "text", { wide: true })],
  },
  {
    key: "section.executor",
    open: false,
    fields: [
      f("executor", "text"),
      f("executorFlags", "text"),
      f("taskInfoData", "text", { wide: true }),
      f("async", "bool"),
      f("dataProcessingJobType", "bool"),
    ],
  },
];

export const scheduleFields: Spec[] = [
  f("notBefore", "time", { hint: "2026-01-31T00:00:00Z" }),
  f("notAfter", "time", { hint: "2026-12-31T00:00:00Z" }),
  f("dstGap", "enum", { values: ["run", "skip"] }),
  f("dstOverlap", "enum", { values: ["first", "both"] }),
];

export const parentsMode = f("parentsMode", "enum", { values: ["latest", "each"] });

/** The columns of lists of objects. */
export const lists: Record<string, Column[]> = {
  environmentVariables: [{ name: "name" }, { name: "value" }],
  fetch: [
    { name: "uri" },
    { name: "output_file", optional: true },
    { name: "executable", kind: "bool" },
    { name: "cache", kind: "bool" },
    { name: "extract", kind: "bool", on: true },
  ],
};

/** Fields that parts of their own show. */
const special = ["managedBy", "name", "schedule", "scheduleTimeZone", "parents", "parentsMode", "trigger", "constraints", "container"];

/** All fields that the form shows; whatever else a definition has is listed below it, and kept. */
export const known = new Set([...special, ...scheduleFields.map((s) => s.name), ...sections.flatMap((s) => s.fields.map((x) => x.name))]);
