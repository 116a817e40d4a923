import { type ReactNode, useId } from "react";
import type { Definition } from "../api";
import { has, type Key, t } from "../i18n";

export type Notes = Map<string, { bad: boolean; text: string }>;

export interface Part {
  doc: Definition;
  change: (doc: Definition) => void;
  notes: Notes;
}

export const label = (name: string) => (has(`field.${name}`) ? t(`field.${name}` as Key) : name);
export const help = (name: string) => (has(`help.${name}`) ? t(`help.${name}` as Key) : undefined);

export type Attributes = Record<string, unknown> & { id: string };

/** A field with its name, what it means, and what the server says of it. */
export function Field({
  name,
  notes,
  wide,
  children,
  title,
}: {
  name: string;
  notes: Notes;
  wide?: boolean;
  children: (a: { id: string; "aria-describedby": string; "aria-invalid"?: true }) => ReactNode;
  title?: string;
}) {
  const id = useId();
  const note = notes.get(name);
  return (
    <div className={`field ${wide ? "wide" : ""} ${note?.bad ? "invalid" : ""}`} data-field={name}>
      <label htmlFor={id}>
        {title ?? label(name)} <code>{name}</code>
      </label>
      {children({ id, "aria-describedby": `${id}-help`, "aria-invalid": note?.bad || undefined })}
      <small id={`${id}-help`} className={note ? (note.bad ? "bad" : "warn") : ""}>
        {note?.text ?? help(name)}
      </small>
    </div>
  );
}
