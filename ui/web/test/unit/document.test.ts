import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Definition, Json } from "../../src/api";
import { type Constraint, fieldOf, mergePatch, pin, pinnedHosts, same, withField } from "../../src/editor/document";
import { known } from "../../src/editor/fields";
import { en } from "../../src/texts/en";

/** RFC 7396, as the server does it. */
function apply(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const out: Definition = typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [k, v] of Object.entries(patch)) {
    if (v === null) delete out[k];
    else out[k] = apply(out[k], v);
  }
  return out;
}

const job: Definition = {
  name: "a",
  command: "x",
  retries: 2,
  parents: [],
  constraints: [["rack", "EQUALS", "r1"]],
  container: { image: "i", type: "DOCKER", futureField: { deep: [1, { x: null as unknown as string }] } },
  fieldOfTomorrow: { keep: true },
};

test("only what changed is sent, and what is not shown stays", () => {
  const next = withField(withField(job, "retries", 5), "container", { ...(job.container as Definition), image: "j" });
  const patch = mergePatch(job, next);
  expect(patch).toEqual({ retries: 5, container: { image: "j" } });
  expect(apply(job, patch)).toEqual(next);
  expect((apply(job, patch) as Definition).fieldOfTomorrow).toEqual({ keep: true });
  expect(mergePatch(job, structuredClone(job))).toEqual({});
});

test("a patch makes any document of any other", () => {
  const docs: Definition[] = [
    {},
    job,
    { a: 1 },
    { a: { b: 1 } },
    { a: { c: [1] } },
    { a: [{ b: 2 }] },
    { schedule: "x", a: "" },
    { a: { b: { c: "d" }, e: false } },
  ];
  for (const from of docs)
    for (const to of docs) {
      const got = apply(from, mergePatch(from, to));
      expect(same(got, to), `${JSON.stringify(from)} → ${JSON.stringify(to)}: ${JSON.stringify(got)}`).toBe(true);
    }
});

test("hosts are pinned and set free, and other constraints stay", () => {
  const rack: Constraint = ["rack", "EQUALS", "r1"];
  let list = pin([rack], ["node-1.example.com"]);
  expect(list).toEqual([rack, ["hostname", "EQUALS", "node-1.example.com"]]);
  list = pin(list, ["node-1.example.com", "node-2.example.com"]);
  expect(list).toEqual([rack, ["hostname", "LIKE", "node-1\\.example\\.com|node-2\\.example\\.com"]]);
  expect(pinnedHosts(list)).toEqual({ at: 1, hosts: ["node-1.example.com", "node-2.example.com"] });
  expect(new RegExp(`^(?:${list[1][2]})$`).test("node-2.example.com")).toBe(true);
  expect(new RegExp(`^(?:${list[1][2]})$`).test("node-2xexample.com")).toBe(false);
  expect(pin(list, [])).toEqual([rack]);
});

test("a regular expression that is no list of hosts is left to the constraints", () => {
  const list: Constraint[] = [
    ["hostname", "LIKE", "node-[0-9]+"],
    ["hostname", "UNLIKE", "node-7"],
  ];
  expect(pinnedHosts(list)).toBeNull();
  expect(pin(list, ["a"])).toEqual([...list, ["hostname", "EQUALS", "a"]]);
});

test("mistakes find their field", () => {
  expect(fieldOf("constraints[1][2]")).toBe("constraints");
  expect(fieldOf("container.image")).toBe("container");
  expect(fieldOf(undefined)).toBe("");
});

test("the form has every field that a job file can have", () => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, "../../../../docs/jobfile.schema.json"), "utf8")) as {
    $defs: { fields: { properties: Record<string, { description?: string }> } };
  };
  const fields = Object.entries(schema.$defs.fields.properties);
  expect(fields.length).toBeGreaterThan(40);
  const aliases = ["concurrent", "maxCompletionTime"]; // read as overlap and timeout
  const editable = fields.filter(([n, f]) => !f.description?.startsWith("told by servers") && !aliases.includes(n)).map(([n]) => n);
  expect(editable.filter((n) => !known.has(n))).toEqual([]);
  expect([...known].filter((n) => !(`field.${n}` in en) && !["constraints", "container"].includes(n))).toEqual([]);
});
