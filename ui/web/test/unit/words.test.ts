import { expect, test } from "vitest";
import { complete, term, toggleTerm, unfinished, wanting, wordAt } from "../../src/jobs/words";

const inserts = (word: string, values?: Record<string, number> | string[]) => complete(word, values).map((c) => c.insert);

test("the word at the caret: blanks in quotes do not end it", () => {
  expect(wordAt("state:idle own", 14)).toEqual({ from: 11, word: "own" });
  expect(wordAt('"two wo', 7)).toEqual({ from: 0, word: '"two wo' });
  expect(wordAt('owner:"a b" x', 13)).toEqual({ from: 12, word: "x" });
  expect(wordAt("state:idle own", 5)).toEqual({ from: 0, word: "state" });
  expect(wordAt("a ", 2)).toEqual({ from: 2, word: "" });
});

test("fields and amounts by their beginning, negated ones, too", () => {
  expect(inserts("")).toEqual([]);
  expect(inserts("st")).toEqual(["state:"]);
  expect(inserts("-st")).toEqual(["-state:"]);
  expect(inserts("ne")).toEqual(["next<10m", "next<1h", "next<6h", "next<1d"]);
  expect(inserts("next<1")).toEqual(["next<10m", "next<1h", "next<1d"]);
  expect(inserts("failures>")).toEqual(["failures>0", "failures>=3"]);
  expect(inserts("nothing")).toEqual([]);
  expect(inserts("state<")).toEqual([]); // a text has no order
});

test("values of a field, after a comma, too, quoted if they have to be", () => {
  expect(inserts("state:ru")).toEqual(["state:running"]);
  expect(inserts("state:running,la")).toEqual(["state:running,late"]);
  expect(inserts("!kind=d")).toEqual(["!kind=dependent"]);
  expect(inserts("owner:", { "ann@example.com": 3, "": 2, "two words": 1 })).toEqual(["owner:ann@example.com", 'owner:"two words"']);
  expect(complete("owner:ann", { "ann@example.com": 3 })).toEqual([{ insert: "owner:ann@example.com", hint: "3", open: false }]);
  expect(inserts("parent:lo", ["upload", "load"])).toEqual(["parent:load", "parent:upload"]);
  expect(inserts("state:idle")).toEqual([]);
  expect(wanting('-owner:a,"b c')).toEqual({ field: "owner", value: "b c" });
  expect(wanting("owner")).toBe(null);
});

test("what is no mistake while somebody types", () => {
  for (const q of ["owner:", "state:idle -kind=", "next<", "failures>=", '"two wor']) expect(unfinished(q), q).toBe(true);
  for (const q of ["", "own", "owner:a", "next<1h", '"two words"', "a:b "]) expect(unfinished(q), q).toBe(false);
});

test("terms are put in and taken out", () => {
  expect(term("owner", "a b")).toBe('owner:"a b"');
  expect(toggleTerm("x", "state:idle")).toBe("x state:idle");
  expect(toggleTerm("x state:idle y", "state:idle")).toBe("x y");
});
