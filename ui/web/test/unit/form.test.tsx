// @vitest-environment happy-dom
// The form against the server's own description of a definition: every member has a control, a control
// changes its own member and no other one, and what the form does not know stays.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Definition, Json } from "../../src/api";
import { mergePatch, same } from "../../src/editor/document";
import type { Form as FormType } from "../../src/editor/form";

vi.mock("../../src/graph/view", () => ({ GraphView: () => null }));

interface Schema {
  type?: string | string[];
  enum?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  $ref?: string;
  minItems?: number;
}

const schemas = (
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../../docs/openapi.json"), "utf8")) as {
    components: { schemas: Record<string, Schema> };
  }
).components.schemas;

const resolve = (s: Schema): Schema => (s.$ref ? schemas[s.$ref.slice(s.$ref.lastIndexOf("/") + 1)] : s);

/** Why a member has no control. */
const without: Record<string, string> = {
  concurrent: "Chronos' word for overlap: allow, which has one",
  maxCompletionTime: "Chronos' word for timeout, which has one",
  successCount: "a figure that the server counts",
  errorCount: "a figure that the server counts",
  errorsSinceLastSuccess: "a figure that the server counts",
  lastSuccess: "a figure that the server counts",
  lastError: "a figure that the server counts",
  managedBy: "hora apply writes it; the form shows it",
};

let serial = 0;

/** A value that the schema allows and that nothing else has. */
function sample(s: Schema, path: string): Json {
  const r = resolve(s);
  if (r.enum) return r.enum[r.enum.length - 1];
  const type = Array.isArray(r.type) ? r.type[0] : r.type;
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return ++serial + 10;
  if (type === "string") return `${path.replace(/\W/g, "-")}-${++serial}`;
  if (type === "array") {
    if (path === "constraints") return [["rack", "LIKE", `r${++serial}`]];
    return [sample(r.items!, path)];
  }
  return Object.fromEntries(Object.entries(r.properties!).map(([n, inner]) => [n, sample(inner, path ? `${path}.${n}` : n)]));
}

function* paths(s: Schema, at = ""): Generator<{ path: string; leaf: boolean }> {
  const r = resolve(s);
  if (r.items) return yield* paths(r.items, at);
  for (const [n, inner] of Object.entries(r.properties ?? {})) {
    const path = at ? `${at}.${n}` : n;
    const deep = [...paths(inner, path)];
    yield { path, leaf: deep.length === 0 };
    yield* deep;
  }
}

const modes: [string, string[]][] = [
  ["schedule", ["parents", "parentsMode", "trigger"]],
  ["parents", ["schedule", "scheduleTimeZone", "notBefore", "notAfter", "dstGap", "dstOverlap", "trigger"]],
  ["trigger", ["schedule", "scheduleTimeZone", "notBefore", "notAfter", "dstGap", "dstOverlap", "parents"]],
];

function full(leftOut: string[]): Definition {
  const doc = sample({ $ref: "#/components/schemas/Definition" }, "") as Definition;
  for (const n of [...leftOut, ...Object.keys(without).filter((x) => x !== "managedBy")]) delete doc[n];
  doc.shell = false; // what is not as usual opens its section
  return doc;
}

let Form: typeof FormType;
let root: Root;
let host: HTMLElement;
let doc: Definition;

beforeAll(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  const cluster = { agents: [{ id: "1", hostname: "node-1", attributes: {} }], attributes: {} };
  vi.stubGlobal("fetch", async (url: string) => ({
    ok: true,
    json: async () => (url.includes("cluster") ? cluster : url.includes("jobs") ? { jobs: [] } : {}),
    text: async () => "{}",
  }));
  ({ Form } = await import("../../src/editor/form"));
});

beforeEach(() => {
  host = document.body.appendChild(document.createElement("div"));
  root = createRoot(host);
});

afterEach(() => {
  act(() => root.unmount());
  host.remove();
});

async function show(start: Definition) {
  doc = start;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const render = () =>
    root.render(
      <QueryClientProvider client={client}>
        <Form
          doc={doc}
          change={(d) => {
            doc = d;
            render();
          }}
          notes={new Map()}
          setName={() => {}}
          jobName="x"
        />
      </QueryClientProvider>,
    );
  await act(async () => render());
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** Types or chooses something else. */
async function alter(c: Control) {
  await act(async () => {
    if (c instanceof HTMLInputElement && (c.type === "checkbox" || c.type === "radio")) {
      c.click();
      return;
    }
    let next = `${c.value}9`;
    if (c instanceof HTMLSelectElement) next = [...c.options].map((o) => o.value).find((v) => v !== c.value)!;
    const proto = Object.getPrototypeOf(c) as object;
    Object.getOwnPropertyDescriptor(proto, "value")!.set!.call(c, next);
    c.dispatchEvent(new Event(c instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }));
  });
}

const controls = () => [...host.querySelectorAll<Control>("input, select, textarea")].filter((c) => c.type !== "search");
const topOf = (c: Control) => c.closest<HTMLElement>("[data-field]")!.dataset.field!.split(".")[0];

test("every member of a definition has a control that shows its value", async () => {
  const shown = new Set<string>();
  const missing: string[] = [];
  for (const [mode, leftOut] of modes) {
    await show(full(leftOut));
    const values = new Map<string, string[]>();
    for (const c of controls()) {
      const field = c.closest<HTMLElement>("[data-field]")?.dataset.field ?? "";
      values.set(field, [...(values.get(field) ?? []), c.value]);
    }
    for (const { path, leaf } of paths({ $ref: "#/components/schemas/Definition" })) {
      if (!host.querySelector(`[data-field="${path}"]`)) continue;
      shown.add(path);
      const value = path.split(".").reduce<Json | undefined>((v, n) => {
        const at = Array.isArray(v) ? v[0] : v;
        return typeof at === "object" && at !== null ? (at as Definition)[n] : undefined;
      }, doc);
      const text = Array.isArray(value) ? value.flat().join("\n") : String(value);
      if (
        leaf &&
        typeof value !== "boolean" &&
        !["constraints", "parents", "name", "managedBy"].includes(path) &&
        !values.get(path)?.includes(text)
      )
        missing.push(`${mode}: ${path} = ${text}, the control has ${values.get(path)}`);
    }
  }
  expect(missing).toEqual([]);
  const all = [...paths({ $ref: "#/components/schemas/Definition" })].map((p) => p.path);
  expect(all.length).toBeGreaterThan(70);
  expect(all.filter((p) => !shown.has(p) && !(p in without) && p !== "name")).toEqual([]);
  expect(Object.keys(without).filter((p) => !all.includes(p))).toEqual([]);
});

/** Members of tomorrow, in every object. */
function withStrangers(v: Json): Json {
  if (Array.isArray(v)) return v.map(withStrangers);
  if (typeof v !== "object" || v === null) return v;
  return { ...Object.fromEntries(Object.entries(v).map(([n, x]) => [n, withStrangers(x)])), ofTomorrow: { deep: [1, null, { x: "y" }] } };
}

const strangers = (v: Json): number => JSON.stringify(v).split('"ofTomorrow"').length - 1;

test.each(modes)("with %s: a control changes its own member, and what the form does not know stays", async (mode, leftOut) => {
  const start = withStrangers(full(leftOut)) as Definition;
  await show(start);
  const n = controls().length;
  expect(n).toBeGreaterThan(50);
  for (let i = 0; i < n; i++) {
    const section = controls()[i].closest<HTMLElement>("details")?.dataset.fields ?? "";
    if (mode !== "schedule" && !section.includes("trigger")) continue; // the other sections are the same in each mode
    await show(start);
    const c = controls()[i];
    const top = topOf(c);
    const removes = c.type === "checkbox" && (top === "container" || c.closest(".hosts") !== null);
    await alter(c);
    const changed = Object.keys(mergePatch(start, doc));
    expect(
      changed.filter((x) => x !== top),
      top,
    ).toEqual([]);
    if (!removes) expect(strangers(doc), top).toBe(strangers(start));
  }
  await show(start);
  for (let i = 0; i < n; i++) {
    const c = controls()[i];
    if (c && c.type !== "checkbox") await alter(c);
  }
  expect(strangers(doc)).toBe(strangers(start));
  expect(same(doc, start)).toBe(false);
});

test("a container that is switched off and on again is the same", async () => {
  const start = withStrangers(full(modes[0][1])) as Definition;
  await show(start);
  const box = host.querySelector<HTMLInputElement>('[data-field="container"] input[type=checkbox]')!;
  await act(async () => box.click());
  expect(doc.container).toBeUndefined();
  await act(async () => box.click());
  expect(same(doc, start)).toBe(true);
});
