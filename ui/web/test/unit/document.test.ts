import { expect, test } from "vitest";
import type { Definition, Json } from "../../src/api";
import { type Constraint, fieldOf, mergePatch, pin, pinnedHosts, same, withField } from "../../src/editor/document";
import { askedOf, quoteName, wordBefore } from "../../src/editor/expression";

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
  expect(fieldOf("container.volumes[1].mode")).toBe("container.volumes.mode");
  expect(fieldOf("epsilon")).toBe("epsilon");
  expect(fieldOf(undefined)).toBe("");
});

test("jobs of an expression, and the word before the caret", () => {
  expect(askedOf(`A && (b.c-1 || failed("my \\"job")) || done( x ) && A && failed`)).toEqual([
    { name: "A", condition: "succeeded" },
    { name: "b.c-1", condition: "succeeded" },
    { name: 'my "job', condition: "failed" },
    { name: "x", condition: "done" },
    { name: "failed", condition: "succeeded" },
  ]);
  expect(askedOf("")).toEqual([]);
  expect(quoteName("a-b")).toBe("a-b");
  expect(askedOf(quoteName('two "words" \\'))).toEqual([{ name: 'two "words" \\', condition: "succeeded" }]);
  expect(quoteName("failed")).toBe('"failed"');
  expect(wordBefore("A && failed(ext", 15)).toEqual({ from: 12, word: "ext" });
  expect(wordBefore('A && "my j', 10)).toEqual({ from: 5, word: "my j" });
  expect(wordBefore('"a" && ', 7)).toEqual({ from: 7, word: "" });
});
