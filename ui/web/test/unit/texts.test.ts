import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "../../src/texts/en";
import { zh } from "../../src/texts/zh";

const source = join(import.meta.dirname, "../../src");

function* sources(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) {
      if (name !== "texts") yield* sources(path);
    } else if (/\.tsx?$/.test(name)) yield readFileSync(path, "utf8");
  }
}

const code = [...sources(source)].join("\n");
const keys = Object.keys(en) as (keyof typeof en)[];
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both languages have the same keys, none empty, with the same holes", () => {
  expect(Object.keys(zh).sort()).toEqual([...keys].sort());
  for (const k of keys) {
    expect(zh[k], k).not.toBe("");
    expect(en[k], k).not.toBe("");
    expect(holes(zh[k]), k).toEqual(holes(en[k]));
  }
});

test("Chinese is Chinese", () => {
  const alike = keys.filter((k) => zh[k] === (en[k] as string));
  const names = ["kind.cron", "editor.text", "field.gpus", "field.uri", "help."];
  expect(alike.filter((k) => /[a-z]{4}/.test(en[k]) && !names.some((n) => k.startsWith(n)))).toEqual([]);
});

test("every key that is used is there, and every one that is there is used", () => {
  const used = [...code.matchAll(/\bt\(\s*"([^"]+)"/g)].map((m) => m[1]);
  expect(used.length).toBeGreaterThan(100);
  expect(used.filter((k) => !(k in en))).toEqual([]);
  const prefixes = [...code.matchAll(/`([a-zA-Z]+)\.\$\{/g)].map((m) => `${m[1]}.`);
  const dynamic = [...prefixes, "overlap.", "catchUp.", "retryBackoff.", "dstGap.", "dstOverlap.", "parentsMode."];
  const unused = keys.filter((k) => !code.includes(`"${k}"`) && !dynamic.some((p) => k.startsWith(p)));
  expect(unused).toEqual([]);
});

test("no text stands in the pages themselves", () => {
  const shown = [...code.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)\s*</g)].map((m) => m[1]);
  expect(shown).toEqual([]);
  const attributes = [...code.matchAll(/(?:aria-label|title|placeholder)="([A-Z][a-z]+[^"]*)"/g)].map((m) => m[1]);
  expect(attributes).toEqual([]);
});
