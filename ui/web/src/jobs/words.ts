// The language of the filter, as far as the page needs to know it: terms, and
// what a word may become. The server decides what a filter means.

export interface Completion {
  insert: string;
  hint?: string;
  open: boolean; // more of the term is to come
}

type Counts = Record<string, number>;

const fixed: Record<string, string[]> = {
  state: ["running", "queued", "waiting", "retrying", "disabled", "idle", "failing", "late"],
  kind: ["cron", "iso", "once", "dependent"],
  priority: ["high", "normal"],
  disabled: ["yes", "no"],
};

const amounts: Record<string, string[]> = {
  next: ["<10m", "<1h", "<6h", "<1d"],
  last: ["<1h", "<1d", ">1d", ">7d"],
  duration: [">1m", ">10m", ">1h"],
  failures: [">0", ">=3"],
  successes: [">0", "=0"],
  runs: [">0", "=0"],
  retries: [">0", "=0"],
};

/** Fields whose values are counted by the server. */
export const counted = ["owner", "user", "zone", "host"];

/** Fields whose values are names of jobs. */
export const named = ["name", "parent"];

const texts = [...Object.keys(fixed), ...named, ...counted, "command", "schedule"];

/** A value as the filter language has it: quoted if it has to be. */
export const quoted = (value: string) => (/^[\w.@/+-]+$/.test(value) ? value : `"${value.replaceAll('"', "")}"`);

/** A term of the filter language. */
export const term = (field: string, value: string) => `${field}:${quoted(value)}`;

export function toggleTerm(q: string, wanted: string): string {
  const at = ` ${q} `.indexOf(` ${wanted} `);
  if (at >= 0) return (q.slice(0, at) + q.slice(at + wanted.length)).replace(/\s+/g, " ").trim();
  return `${q} ${wanted}`.trim();
}

/** The word that ends at the caret: blanks in quotes do not end it. */
export function wordAt(text: string, caret: number): { from: number; word: string } {
  let from = 0;
  let inside = false;
  for (let i = 0; i < caret; i++) {
    if (text[i] === '"') inside = !inside;
    else if (!inside && /\s/.test(text[i])) from = i + 1;
  }
  return { from, word: text.slice(from, caret) };
}

/** Whether the filter ends in a term that has no value yet, or in an open quote: no mistake, while somebody types. */
export const unfinished = (text: string) => /(^|\s)[-!]?[a-z]+([:=<>]=?)$/i.test(text) || text.split('"').length % 2 === 0;

/** The field whose values are wanted, and what of the value is there. */
export function wanting(word: string): { field: string; value: string } | null {
  const m = /^[-!]?([a-z]+)[:=](.*)$/i.exec(word);
  return m && { field: m[1].toLowerCase(), value: m[2].slice(m[2].lastIndexOf(",") + 1).replaceAll('"', "") };
}

/** What a word may become. values are those that the server told of the field that is wanted. */
export function complete(word: string, values: Counts | string[] = []): Completion[] {
  const not = /^[-!]/.test(word) ? word[0] : "";
  const rest = word.slice(not.length);
  const [, field, op] = /^([a-z]+)([:=<>]?)/i.exec(rest) ?? [];
  if (rest === "" && not === "") return [];
  if (!op) {
    const begins = (f: string) => f.startsWith(rest.toLowerCase());
    return [
      ...texts.filter(begins).map((f) => ({ insert: `${not}${f}:`, open: true })),
      ...Object.keys(amounts)
        .filter(begins)
        .flatMap((f) => amounts[f].map((a) => ({ insert: `${not}${f}${a}`, open: false }))),
    ];
  }
  const name = field.toLowerCase();
  const amount = amounts[name];
  if (amount) {
    const tail = rest.slice(field.length);
    return amount.filter((a) => a.startsWith(tail) && a !== tail).map((a) => ({ insert: `${not}${name}${a}`, open: false }));
  }
  const want = wanting(word);
  if (!want || (op !== ":" && op !== "=")) return [];
  const known: [string, number?][] =
    fixed[name]?.map((v) => [v]) ?? (Array.isArray(values) ? values.map((v) => [v]) : Object.entries(values));
  const before = word.slice(0, Math.max(word.indexOf(op), word.lastIndexOf(",")) + 1);
  const typed = want.value.toLowerCase();
  return known
    .filter(([v]) => v !== "" && v.toLowerCase().includes(typed) && v.toLowerCase() !== typed)
    .sort(([a], [b]) => Number(b.toLowerCase().startsWith(typed)) - Number(a.toLowerCase().startsWith(typed)))
    .slice(0, 12)
    .map(([v, n]) => ({ insert: before + quoted(v), hint: n === undefined ? undefined : String(n), open: false }));
}
