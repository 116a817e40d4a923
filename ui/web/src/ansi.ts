// Terminal colours as classes: the page's policy forbids inline styles, which
// the libraries for this write.

export interface Piece {
  text: string;
  classes: string;
}

export interface Pen {
  fg: string;
  bg: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

export const plainPen = (): Pen => ({ fg: "", bg: "", bold: false, dim: false, italic: false, underline: false });

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const escapes = /\u001b\[([0-9;:]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Z0-9]|\u001b./g;

/** The nearest of the 16 colours to one of the 256. */
function near(n: number): number {
  if (n < 16) return n;
  let rgb: [number, number, number];
  if (n >= 232) {
    const v = (n - 232) * 10 + 8;
    rgb = [v, v, v];
  } else {
    const level = (x: number) => (x === 0 ? 0 : x * 40 + 55);
    rgb = [level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)];
  }
  return nearRGB(...rgb);
}

function nearRGB(r: number, g: number, b: number): number {
  const most = Math.max(r, g, b);
  if (most < 50) return 0;
  const bits = (r > most / 2 ? 1 : 0) | (g > most / 2 ? 2 : 0) | (b > most / 2 ? 4 : 0);
  if (bits === 7) return most > 210 ? 15 : most > 110 ? 7 : 8;
  return most > 180 ? bits + 8 : bits;
}

function apply(pen: Pen, codes: number[]) {
  for (let i = 0; i < codes.length; i++) {
    const c = codes[i];
    if (c === 0) Object.assign(pen, plainPen());
    else if (c === 1) pen.bold = true;
    else if (c === 2) pen.dim = true;
    else if (c === 3) pen.italic = true;
    else if (c === 4) pen.underline = true;
    else if (c === 22) pen.bold = pen.dim = false;
    else if (c === 23) pen.italic = false;
    else if (c === 24) pen.underline = false;
    else if (c >= 30 && c <= 37) pen.fg = String(c - 30);
    else if (c >= 90 && c <= 97) pen.fg = String(c - 82);
    else if (c === 39) pen.fg = "";
    else if (c >= 40 && c <= 47) pen.bg = String(c - 40);
    else if (c >= 100 && c <= 107) pen.bg = String(c - 92);
    else if (c === 49) pen.bg = "";
    else if (c === 38 || c === 48) {
      let colour = "";
      if (codes[i + 1] === 5) {
        colour = String(near(codes[i + 2] ?? 0));
        i += 2;
      } else if (codes[i + 1] === 2) {
        colour = String(nearRGB(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0));
        i += 4;
      }
      if (c === 38) pen.fg = colour;
      else pen.bg = colour;
    }
  }
}

function classes(p: Pen): string {
  const out: string[] = [];
  if (p.fg) out.push(`fg${p.fg}`);
  if (p.bg) out.push(`bg${p.bg}`);
  if (p.bold) out.push("bold");
  if (p.dim) out.push("dim");
  if (p.italic) out.push("italic");
  if (p.underline) out.push("underline");
  return out.join(" ");
}

/** Reads a line; the pen goes on into the next one. */
export function paint(line: string, pen: Pen): Piece[] {
  const out: Piece[] = [];
  const add = (text: string) => {
    const visible = text.replaceAll("\r", "");
    if (visible) out.push({ text: visible, classes: classes(pen) });
  };
  const back = line.replace(/\r+$/, "").lastIndexOf("\r"); // what was overwritten is not seen
  let at = 0;
  for (const m of line.matchAll(escapes)) {
    if (m.index >= at && m.index > back) add(line.slice(Math.max(at, back + 1), m.index));
    if (m[2] === "m") apply(pen, m[1].split(/[;:]/).map(Number));
    at = m.index + m[0].length;
  }
  add(line.slice(Math.max(at, back + 1)));
  return out;
}
