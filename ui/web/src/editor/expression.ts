// Trigger expressions, as far as the page has to know of them: the server reads them.

const words = /"((?:[^"\\]|\\.)*)"?|'((?:[^'\\]|\\.)*)'?|(\w[\w.#-]*|[.#-][\w.#-]*)(\s*\()?|./gu;
export const conditions = ["succeeded", "failed", "done"];

/** A name as it stands in an expression. */
export const quoteName = (name: string) =>
  /^[A-Za-z0-9_.#-]+$/.test(name) && !conditions.includes(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;

/** The jobs that an expression asks about, each with the first thing that it asks. */
export function askedOf(text: string): { name: string; condition: string }[] {
  const out = new Map<string, string>();
  let condition = "succeeded";
  for (const m of text.matchAll(words)) {
    if (m[3] !== undefined && m[4] !== undefined && conditions.includes(m[3])) {
      condition = m[3];
      continue;
    }
    const name = m[3] ?? (m[1] ?? m[2])?.replace(/\\(.)/g, "$1");
    if (name) {
      if (!out.has(name)) out.set(name, condition);
      condition = "succeeded";
    }
  }
  return [...out].map(([name, c]) => ({ name, condition: c }));
}

/** What is being written before the caret: where it begins, and its text without a quote. */
export function wordBefore(text: string, caret: number): { from: number; word: string } {
  const before = text.slice(0, caret);
  const quotes = before.match(/(?<!\\)"/g)?.length ?? 0;
  if (quotes % 2 === 1) {
    const from = before.lastIndexOf('"');
    return { from, word: before.slice(from + 1) };
  }
  const word = /[\w.#-]*$/.exec(before)![0];
  return { from: caret - word.length, word };
}
