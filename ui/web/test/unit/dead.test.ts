// Nothing lies about that nobody uses: style classes, exports.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

function* files(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

const all = [...files(join(root, "src")), ...files(join(root, "test"))].map((path) => ({ path, text: readFileSync(path, "utf8") }));
const source = all.filter((f) => f.path.startsWith(join(root, "src")));
const code = source.filter((f) => /\.tsx?$/.test(f.path));
const words = new Set(code.flatMap((f) => [...f.text.matchAll(/[\w-]+/g)].map((m) => m[0])));
const beginnings = new Set(code.flatMap((f) => [...f.text.matchAll(/([\w-]+-)\$\{/g)].map((m) => m[1])));

test("every class of the styles is given to something", () => {
  const found = new Set<string>();
  for (const f of source.filter((x) => x.path.endsWith(".css"))) {
    const selectors = f.text.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/([^{}]+)\{/g);
    for (const [, selector] of selectors) for (const m of selector.matchAll(/\.([a-zA-Z][\w-]*)/g)) found.add(m[1]);
  }
  expect(found.size).toBeGreaterThan(100);
  const made = (c: string) =>
    [...beginnings].some((b) => c.startsWith(b)) || /^[fb]g\d+$/.test(c) || c.startsWith("react-flow") || c.startsWith("u-"); // of React Flow and uPlot
  expect([...found].filter((c) => !words.has(c) && !made(c))).toEqual([]);
});

test("everything that is declared is used", () => {
  const everything = all
    .filter((f) => /\.tsx?$/.test(f.path))
    .map((f) => f.text)
    .join("\n");
  const counts = new Map<string, number>();
  for (const m of everything.matchAll(/\w+/g)) counts.set(m[0], (counts.get(m[0]) ?? 0) + 1);
  const unused = code.flatMap((f) =>
    [...f.text.matchAll(/^(?:export )?(?:default )?(?:async )?(?:function|const|let|class|type|interface) (\w+)/gm)]
      .filter((m) => counts.get(m[1]) === 1 && !m[0].includes("default"))
      .map((m) => `${f.path.slice(root.length)}: ${m[1]}`),
  );
  expect(unused).toEqual([]);
});
