// The layout of a large part: its jobs in columns, parents to the left of their
// children, near to each other. What dagre does better it does in a time that
// grows too fast; this is linear but for the sorting.
import { type Laid, nodeHeight, nodeWidth } from "./size";

const across = nodeWidth + 90; // from one column to the next
const down = nodeHeight + 18; // from one job of a column to the next
const sweeps = 8;

export function layers(names: string[], edges: [string, string][]): Laid {
  const index = new Map(names.map((name, i) => [name, i]));
  const parents: number[][] = names.map(() => []);
  const children: number[][] = names.map(() => []);
  for (const [from, to] of edges) {
    children[index.get(from)!].push(index.get(to)!);
    parents[index.get(to)!].push(index.get(from)!);
  }
  const columns = intoColumns(parents, children);
  sort(columns, parents, children);
  const y = align(columns, parents, children);
  let top = Number.POSITIVE_INFINITY;
  for (const at of y) top = Math.min(top, at);
  const out: Laid = new Map();
  columns.forEach((column, c) => {
    for (const i of column) out.set(names[i], { x: c * across, y: y[i] - top });
  });
  return out;
}

/** A job stands behind all of its parents; a column that were too long is several. */
function intoColumns(parents: number[][], children: number[][]): number[][] {
  const rank = parents.map(() => 0);
  const open = parents.map((p) => p.length);
  const order = open.flatMap((n, i) => (n === 0 ? [i] : []));
  for (let k = 0; k < order.length; k++) {
    for (const child of children[order[k]]) {
      rank[child] = Math.max(rank[child], rank[order[k]] + 1);
      if (--open[child] === 0) order.push(child);
    }
  }
  for (const i of order.reverse()) {
    // what has no parents goes to its children, so that no edge is longer than it must be
    if (parents[i].length === 0 && children[i].length > 0) rank[i] = Math.min(...children[i].map((c) => rank[c])) - 1;
  }
  const byRank: number[][] = [];
  rank.forEach((r, i) => {
    byRank[r] ??= [];
    byRank[r].push(i);
  });
  const longest = Math.max(40, Math.ceil(Math.sqrt(parents.length) * 2.5));
  const out: number[][] = [];
  for (const column of byRank.filter(Boolean)) {
    const pieces = Math.ceil(column.length / longest);
    const size = Math.ceil(column.length / pieces);
    for (let at = 0; at < column.length; at += size) out.push(column.slice(at, at + size));
  }
  return out;
}

/** Sorts each column by where the neighbours of its jobs stand, to and fro. */
function sort(columns: number[][], parents: number[][], children: number[][]) {
  const place = parents.map(() => 0);
  const note = (column: number[]) => {
    column.forEach((i, k) => {
      place[i] = (k + 0.5) / column.length;
    });
  };
  for (const column of columns) note(column);
  const mean = (list: number[], own: number) => (list.length ? list.reduce((s, i) => s + place[i], 0) / list.length : own);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const [list, near] = sweep % 2 === 0 ? [columns, parents] : [[...columns].reverse(), children];
    for (const column of list) {
      const wish = new Map(column.map((i) => [i, mean(near[i], place[i])]));
      column.sort((a, b) => wish.get(a)! - wish.get(b)! || place[a] - place[b]);
      note(column);
    }
  }
}

/** Heights: each job as near as it can to the middle of its neighbours, none upon another. */
function align(columns: number[][], parents: number[][], children: number[][]): number[] {
  const y = parents.map(() => 0);
  for (const column of columns) {
    column.forEach((i, k) => {
      y[i] = (k - column.length / 2) * down;
    });
  }
  for (let sweep = 0; sweep < 4; sweep++) {
    const [list, near] = sweep % 2 === 0 ? [columns, parents] : [[...columns].reverse(), children];
    for (const column of list) {
      const wish = column.map((i) => (near[i].length ? near[i].reduce((s, n) => s + y[n], 0) / near[i].length : y[i]));
      spread(wish).forEach((at, k) => {
        y[column[k]] = at;
      });
    }
  }
  return y;
}

/**
 * The heights next to those that are wished for (least squares) which are at
 * least a step apart: neighbours that come too near form a block, whose place
 * is the mean of what its members wish.
 */
export function spread(wish: number[], step = down): number[] {
  const blocks: { sum: number; n: number; first: number }[] = [];
  wish.forEach((w, k) => {
    let block = { sum: w - k * step, n: 1, first: k };
    for (let last = blocks[blocks.length - 1]; last && last.sum / last.n > block.sum / block.n; last = blocks[blocks.length - 1]) {
      block = { sum: last.sum + block.sum, n: last.n + block.n, first: last.first };
      blocks.pop();
    }
    blocks.push(block);
  });
  return blocks.flatMap((b) => Array.from({ length: b.n }, (_, i) => b.sum / b.n + (b.first + i) * step));
}
