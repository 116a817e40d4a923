import { beforeAll, expect, test, vi } from "vitest";
import { paint, plainPen } from "../../src/ansi";
import type { Run } from "../../src/api";

beforeAll(() => {
  vi.stubGlobal("window", {
    matchMedia: () => ({ matches: false, addEventListener() {} }),
    addEventListener() {},
    setInterval() {},
    location: { hash: "" },
  });
  vi.stubGlobal("navigator", { language: "en", platform: "" });
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
});

test("terminal colours become classes, and the pen goes on into the next line", () => {
  const pen = plainPen();
  expect(paint("a \u001b[1;31mred\u001b[0m b", pen)).toEqual([
    { text: "a ", classes: "" },
    { text: "red", classes: "fg1 bold" },
    { text: " b", classes: "" },
  ]);
  paint("\u001b[32mgreen", pen);
  expect(paint("still", pen)).toEqual([{ text: "still", classes: "fg2" }]);
  expect(paint("\u001b[38;5;196mx\u001b[38;2;0;0;255my\u001b[0m\u001b[2Kz", pen).map((p) => p.classes)).toEqual(["fg9", "fg12", ""]);
  expect(paint("10%\r50%\r100%", plainPen())).toEqual([{ text: "100%", classes: "" }]);
  expect(paint("<b>&\u001b]0;title\u0007", plainPen())).toEqual([{ text: "<b>&", classes: "" }]);
});

test("addresses keep what they are given", async () => {
  const { readPlace, to } = await import("../../src/router");
  const hash = to(["jobs", "a/b c?#%"], { q: "owner:x next<1h", sort: undefined });
  const place = readPlace(hash);
  expect(place.parts).toEqual(["jobs", "a/b c?#%"]);
  expect(place.query.get("q")).toBe("owner:x next<1h");
});

test("terms are put in and taken out of a filter", async () => {
  const { term, toggleTerm } = await import("../../src/jobs/words");
  expect(term("owner", "a b")).toBe('owner:"a b"');
  expect(toggleTerm("x", "state:late")).toBe("x state:late");
  expect(toggleTerm("x state:late y", "state:late")).toBe("x y");
  expect(toggleTerm("x state:later", "state:late")).toBe("x state:later state:late");
});

test("a run's phases follow each other without gaps", async () => {
  const { phases } = await import("../../src/run/timeline");
  const at = (s: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, s)).toISOString();
  const run: Run = {
    job: "a",
    kind: "slot",
    slot: at(0),
    count: 1,
    created: at(0),
    state: "ended",
    outcome: "succeeded",
    ended: at(20),
    attempts: [
      { number: 0, task: "t0", launched: at(1), running: at(2), ended: at(5), state: "TASK_FAILED" },
      { number: 1, task: "t1", launched: at(10), running: at(11), ended: at(20), state: "TASK_FINISHED" },
    ],
  };
  const list = phases(run, Date.now());
  expect(list.map((p) => `${p.kind}${p.attempt ?? ""}:${(p.to - p.from) / 1000}`)).toEqual([
    "queued:1",
    "staging0:1",
    "running0:3",
    "between:5",
    "staging1:1",
    "running1:9",
  ]);
  for (let i = 1; i < list.length; i++) expect(list[i].from).toBe(list[i - 1].to);
});

test("the load of a day is shifted to your clock", async () => {
  const { shiftLoad } = await import("../../src/now/load");
  const load = Array.from({ length: 1440 }, (_, i) => i);
  expect(shiftLoad(load, 60)[60]).toBe(0);
  expect(shiftLoad(load, -60)[0]).toBe(60);
});

test("ticks of a time line are round, some and not many", async () => {
  const { roundTicks } = await import("../../src/run/timeline");
  expect(roundTicks(1030)).toEqual([0, 200, 400, 600, 800, 1000]);
  expect(roundTicks(65_000)).toEqual([0, 15_000, 30_000, 45_000, 60_000]);
  for (let length = 50; length < 1e12; length *= 1.37) {
    const ticks = roundTicks(length);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(9);
    expect(ticks[ticks.length - 1]).toBeLessThanOrEqual(length);
  }
});
