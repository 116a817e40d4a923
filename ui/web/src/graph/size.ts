// The measures of a drawn graph, and the place of what is in it.

export const nodeWidth = 210;
export const nodeHeight = 54;
export const gap = 60;

export type Laid = Map<string, { x: number; y: number }>;

export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function bounds(laid: Laid): Bounds {
  let [left, top, right, bottom] = [0, 0, nodeWidth, nodeHeight];
  let first = true;
  for (const p of laid.values()) {
    left = first ? p.x : Math.min(left, p.x);
    top = first ? p.y : Math.min(top, p.y);
    right = first ? p.x + nodeWidth : Math.max(right, p.x + nodeWidth);
    bottom = first ? p.y + nodeHeight : Math.max(bottom, p.y + nodeHeight);
    first = false;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
