// What all fields of the form have in common.
import { type ReactNode, useId } from "react";
import type { Definition } from "../api";
import { has, type Key, t } from "../i18n";

export interface Note {
  bad: boolean;
  text: string;
}

/** What the server says of fields, by their path without places in lists: container.volumes.mode. */
export type Notes = Map<string, Note>;

export interface Part {
  doc: Definition;
  change: (doc: Definition) => void;
  notes: Notes;
}

const last = (path: string) => path.slice(path.lastIndexOf(".") + 1);

export function label(path: string): string {
  if (has(`field.${path}`)) return t(`field.${path}` as Key);
  return has(`field.${last(path)}`) ? t(`field.${last(path)}` as Key) : path;
}

const help = (path: string) => (has(`help.${path}`) ? t(`help.${path}` as Key) : undefined);

export type Attributes = { id: string; "aria-describedby": string; "aria-invalid"?: true } & Record<string, unknown>;

/** A field with its name, what it means, and what the server says of it. */
export function Field({
  path,
  notes,
  wide,
  hint,
  children,
}: {
  path: string;
  notes: Notes;
  wide?: boolean;
  hint?: string;
  children: (a: Attributes) => ReactNode;
}) {
  const id = useId();
  const note = notes.get(path);
  return (
    <div className={`field ${wide ? "wide" : ""} ${note?.bad ? "invalid" : ""}`} data-field={path}>
      <label htmlFor={id}>
        {label(path)} <code>{last(path)}</code>
      </label>
      {children({ id, "aria-describedby": `${id}-help`, "aria-invalid": note?.bad || undefined })}
      <small id={`${id}-help`} className={note ? (note.bad ? "bad" : "warn") : ""}>
        {note?.text ?? hint ?? help(path)}
      </small>
    </div>
  );
}

/** What is said of a part and of what is within it. */
export function NotesOf({ path, notes }: { path: string; notes: Notes }) {
  const list = [...notes].filter(([p]) => p === path || p.startsWith(`${path}.`));
  return list.map(([p, n]) => (
    <small key={p} className={n.bad ? "bad" : "warn"}>
      {n.text}
    </small>
  ));
}

/** Moves to the field of that path, or to the part that has it; false: its section is only being opened, or there is none. */
export function showField(root: ParentNode, path: string): boolean {
  for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
    const field = root.querySelector<HTMLElement>(`[data-field="${CSS.escape(at)}"]`);
    if (!field) continue;
    const control = field.matches("input, select, textarea, button")
      ? field
      : (field.querySelector<HTMLElement>("[aria-invalid=true], input, select, textarea, button") ?? field);
    field.scrollIntoView({ block: "center" });
    control.focus({ preventScroll: true });
    return true;
  }
  const closed = root.querySelector<HTMLDetailsElement>(`details[data-fields~="${CSS.escape(path.split(".")[0])}"]:not([open])`);
  if (closed) closed.open = true;
  return false;
}
