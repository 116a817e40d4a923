// Where the caret stands after a text was completed.
import { type RefObject, useLayoutEffect, useRef } from "react";

/** Returns what puts the caret to a place in the text that comes next: it is there before the next key, which may come before the next frame. */
export function useCaret(box: RefObject<HTMLInputElement | HTMLTextAreaElement | null>): (at: number) => void {
  const place = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (place.current === null) return;
    box.current?.focus();
    box.current?.setSelectionRange(place.current, place.current);
    place.current = null;
  });
  return (at) => {
    place.current = at;
  };
}
